import { IBarWords } from './bar';
import { ISaveState } from './words';

/**
 * Who edits a notebook, as the server extension says it (`sessions.py`), and what is said of it here. Pure functions, so
 * that the words stand in one place.
 */
export interface ILease {
  /** Lab's path. */
  path: string;
  state: 'held' | 'elsewhere' | 'unknown' | 'lost';
  holder: { user: string; where: 'tab' | 'environment' | 'person' } | null;
  /** Is this tab the holder? */
  is_mine: boolean;
  seconds_left: number | null;
  asked_by: string[];
  reserved_for: string | null;
  /** Why this tab does not have it, or not for long. */
  reason: string | null;
  /** SHA-256 of the text on the disk when this tab was given the notebook. */
  hash: string | null;
}

/** What a button does; the sentences below name them, `leases.ts` carries them out. */
export type LeaseAct =
  | 'ask'
  | 'hand-over'
  | 'decline'
  | 'take-here'
  | 'copy'
  | 'playground'
  | 'keep-in-playground'
  | 'preview'
  | 'reload';

export const ACT_LABELS: Record<LeaseAct, string> = {
  ask: 'Ask for It',
  'hand-over': 'Hand Over',
  decline: 'Not Now',
  'take-here': 'Edit Here',
  copy: 'Keep Mine as a Copy…',
  playground: 'Open in the Playground',
  'keep-in-playground': 'Playground Copy',
  preview: 'Open Preview',
  reload: 'Reload Theirs'
};

/** What this tab knows beside the lease. */
export interface IView {
  /** The name of this person. */
  me: string;
  /** Until when the holder has it at least. */
  until: Date | null;
  /** Did this tab ask for it, and was not given it yet? */
  hasAsked: boolean;
  /** Are there changes in this tab that the holder's text does not have? */
  isDirty: boolean;
}

/** May this tab not save? */
export function isShut(lease: ILease | undefined): boolean {
  return lease?.state === 'elsewhere' || lease?.state === 'lost';
}

/** The line above the cells; null where there is nothing to say. */
export function describeLease(
  lease: ILease,
  view: IView
): { words: Omit<IBarWords, 'buttons'>; acts: LeaseAct[] } | null {
  const said = (title: string, text: string, acts: LeaseAct[], kind: string) => ({
    words: { kind, title, text },
    acts
  });
  switch (lease.state) {
    case 'held':
      return lease.asked_by.length > 0
        ? said(asksFor(lease.asked_by), '', ['hand-over', 'decline'], 'asked')
        : lease.reason
          ? said('', lease.reason, ['copy'], 'asked')
          : null;
    case 'unknown':
      return null;
    case 'lost':
      if (isInOtherTab(lease, view.me) && !view.isDirty) {
        return said(whoHas(lease, view.me), 'Here it is read-only.', ['take-here', 'playground'], 'elsewhere');
      }
      return said(
        whoHas(lease, view.me),
        view.isDirty
          ? 'Your last changes are in this tab alone.'
          : 'What you saved before is in the workspace.',
        [
          ...(view.isDirty ? (['copy', 'keep-in-playground'] as const) : []),
          'reload',
          ...mine(lease, view.me)
        ],
        'lost'
      );
    case 'elsewhere':
      return said(whoHas(lease, view.me), howLong(lease, view), ways(lease, view), 'elsewhere');
  }
}

function asksFor(users: string[]): string {
  return `${users.join(', ')} would like to edit this notebook.`;
}

function whoHas({ holder, reserved_for }: ILease, me: string): string {
  if (holder?.user === me) {
    return holder.where === 'tab'
      ? 'You are editing this notebook in another tab.'
      : 'You are editing this notebook in another place.';
  }
  if (holder) {
    return `${holder.user} is editing this notebook.`;
  }
  return reserved_for
    ? `This notebook is reserved for ${reserved_for}.`
    : 'Read-only.';
}

function howLong(lease: ILease, { until, hasAsked, me }: IView): string {
  if (!lease.holder && !lease.reserved_for) {
    return lease.reason ?? '';
  }
  if (lease.holder?.user === me) {
    return 'Here it is read-only.';
  }
  const read = until
    ? `Read-only until ${clock(until)} or longer.`
    : 'Read-only.';
  if (lease.asked_by.includes(me)) {
    return `${read} You have asked for it.`;
  }
  return hasAsked && lease.holder
    ? `${read} ${lease.holder.user} keeps it for now.`
    : read;
}

function ways(lease: ILease, { me, hasAsked, isDirty }: IView): LeaseAct[] {
  const mayAsk =
    lease.holder?.where === 'person' &&
    !hasAsked &&
    !lease.asked_by.includes(me);
  return [
    ...mine(lease, me),
    ...(mayAsk ? (['ask'] as const) : []),
    ...(isDirty ? (['copy'] as const) : []),
    'playground',
    'preview'
  ];
}

function mine(lease: ILease, me: string): LeaseAct[] {
  return isInOtherTab(lease, me) ? ['take-here'] : [];
}

/** Does this person edit it in another tab of this environment? */
export function isInOtherTab({ holder, is_mine }: ILease, me: string): boolean {
  return !is_mine && holder?.user === me && holder.where === 'tab';
}

function clock(moment: Date): string {
  return moment.toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23'
  });
}

/** The dialog of a tab that had the notebook and has it no more. */
export function describeLoss(
  lease: ILease,
  { isDirty, me, save }: Pick<IView, 'isDirty' | 'me'> & { save?: ISaveState }
): { title: string; body: string } {
  return {
    title: 'This notebook has another editor now',
    body: [
      whoHas(lease, me),
      whereSaved(save),
      isDirty
        ? 'Your last changes are in this tab alone: keep them as a new notebook of the workspace or as a copy in the playground, or reload and lose them.'
        : 'Nothing of yours is lost.'
    ].join(' ')
  };
}

/** The dialog of a tab with changes that was given a notebook which was changed elsewhere meanwhile. */
export const MOVED_ON = {
  title: 'This notebook was changed meanwhile',
  body: 'You have it again, but it is not the text that your changes in this tab came from. Keep yours as a new notebook of the workspace or as a copy in the playground, or reload and lose your last changes.'
};

function whereSaved(save: ISaveState | undefined): string {
  switch (save?.state) {
    case 'conflict':
      return `What you saved last is kept as “${save.copy?.slice(save.copy.lastIndexOf('/') + 1)}”.`;
    case 'workspace':
      return 'What you saved last is in the workspace.';
    default:
      return 'What you saved last is on the disk of this environment.';
  }
}
