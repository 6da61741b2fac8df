/**
 * What the banner says while the environment does not answer. Pure functions of what is known, so that the words stand in
 * one place.
 */

/** Why the environment does not answer, as far as this tab knows. */
export type AbsenceKind =
  | 'freezing'
  | 'frozen'
  | 'waking'
  | 'pausing'
  | 'paused'
  | 'starting'
  | 'deleted'
  | 'unreached'
  | 'offline'
  | 'returning'
  | 'stopped'
  | 'signed-out';

export interface IAbsence {
  kind: AbsenceKind;
  /** Since when it is like this: the service's time, or where that is not known when this tab noticed. */
  since: Date;
  /** Why, where the service says something about it; also why a start was refused. */
  reason: string;
}

/** What a press of the banner's button does. */
export type BannerAct = 'start' | 'retry' | 'renew' | 'page';

export interface IBannerWords {
  /** The state and since when. */
  title: string;
  /** What is safe, and what to do. */
  text: string;
  button: { label: string; act: BannerAct } | null;
  /** Is something under way, so that waiting is all there is to do? */
  isMoving: boolean;
}

const START = (label: string) => ({ label, act: 'start' as const });

/** The words for one absence; `isDirty`: this tab holds changes that were not saved. */
export function describeAbsence(
  { kind, since, reason }: IAbsence,
  isDirty: boolean
): IBannerWords {
  const at = time(since);
  const kept = isDirty
    ? 'Your last changes are kept in this tab and are saved as soon as it is back.'
    : 'Everything is saved.';
  const words = (
    title: string,
    text: string,
    button: IBannerWords['button'] = null
  ): IBannerWords => ({
    title,
    text: [reason, text].filter(part => part).join(' '),
    button,
    isMoving: button === null
  });
  switch (kind) {
    case 'freezing':
      return words('This environment is being frozen.', kept);
    case 'frozen':
      return words(
        `Frozen since ${at}.`,
        `Your variables are kept. ${kept} Type or click in the notebook to go on.`,
        START('Wake Up')
      );
    case 'waking':
      return words('Waking up…', kept);
    case 'pausing':
      return words('This environment is being paused.', kept);
    case 'paused':
      return words(
        `Paused since ${at}.`,
        `${kept} Kernels start anew when you resume it; their variables are gone.`,
        START('Resume')
      );
    case 'starting':
      return words(`Starting since ${at}.`, kept);
    case 'deleted':
      return words(
        'This environment was deleted.',
        isDirty
          ? 'Your last changes are in this tab alone: copy what you need before you close it.'
          : 'Everything in this tab was saved.',
        { label: 'Workspace Page', act: 'page' }
      );
    case 'unreached':
      return words(
        `The environment runs, but this tab has not reached it since ${at}.`,
        `${kept} It tries again by itself.`,
        { label: 'Try Now', act: 'retry' }
      );
    case 'offline':
      return words(
        `No connection since ${at}.`,
        `${kept} It tries again by itself.`,
        { label: 'Try Now', act: 'retry' }
      );
    case 'returning':
      return words('Back.', 'Connecting the kernels…');
    case 'stopped':
      return words(
        `Not running since ${at}.`,
        `${kept} Start it on the workspace's page; this tab then comes back by itself.`,
        { label: 'Workspace Page', act: 'page' }
      );
    case 'signed-out':
      return words(
        `This tab's sign-in ended; noticed at ${at}.`,
        `${kept} Sign in again in another tab; this one then comes back by itself.`,
        { label: 'Sign In', act: 'renew' }
      );
  }
}

function time(moment: Date): string {
  const isToday = moment.toDateString() === new Date().toDateString();
  return moment.toLocaleString(undefined, {
    ...(isToday ? {} : { day: 'numeric', month: 'short' }),
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23'
  });
}
