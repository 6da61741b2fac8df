/**
 * What the badge says. Pure functions of the state the server reports, so that the words stand in one place.
 */

/** Where the work on one notebook is, as the server extension reports it. */
export interface ISaveState {
  /** Path as Lab knows it, for example `study/edit/analysis.ipynb`. */
  path: string;
  state: 'disk' | 'workspace' | 'waiting' | 'refused' | 'conflict';
  /** When this state began (RFC 3339). */
  at: string;
  /** When the oldest work that is not in the workspace was saved to the disk. */
  since: string | null;
  /** The reason in one sentence, for the states that need one. */
  reason: string | null;
  /** The notebook under which rejected work is kept. */
  copy: string | null;
  /** Do two texts wait until somebody chooses? */
  unresolved: boolean;
  /** Of a notebook that is a copy: what it keeps, and why. */
  about: string | null;
}

/** What one badge shows. */
export interface IWords {
  state: ISaveState['state'] | 'saving' | 'unsaved';
  text: string;
  title: string;
}

/** Something was ended because the environment reached its memory limit; see `kills.py`. */
export interface IKill {
  /** When it was noticed (RFC 3339). */
  at: string;
  what: 'kernel' | 'process';
  /** Lab's path of the kernel's notebook, where it has one. */
  path: string | null;
  /** The environment's memory in bytes. */
  limit: number;
}

/** What is said of one kill: `text` fits into a notification, which Lab cuts at 140 characters. */
export interface IExplanation {
  title: string;
  text: string;
  body: string;
}

export const SAVING: IWords = {
  state: 'saving',
  text: 'Saving…',
  title: 'The notebook is being written to the disk of this environment.'
};

export const UNSAVED: IWords = {
  state: 'unsaved',
  text: 'Not saved: your last changes are in this tab only',
  title:
    'The environment did not take the save. Keep this tab open: it tries again by itself, also when the environment is resumed.'
};

export const SHUT: IWords = {
  state: 'unsaved',
  text: 'Not saved: your last changes are in this tab only',
  title:
    'Somebody else edits this notebook now. Keep your text as a copy, or reload theirs.'
};

export function describe(save: ISaveState): IWords {
  const { state } = save;
  switch (state) {
    case 'disk':
      return {
        state,
        text: 'Saved to disk',
        title:
          'Saved on the disk of this environment; on its way to the workspace.'
      };
    case 'workspace':
      return {
        state,
        text: `Saved to workspace ${clock(save.at)}`,
        title: `The workspace has this notebook as it was saved at ${clock(save.at)}.`
      };
    case 'waiting':
      return {
        state,
        text: `Waiting: not yet in the workspace since ${clock(save.since ?? save.at, false)}${brackets(save.reason)}`,
        title: `Saved on the disk of this environment. It is sent again by itself until the workspace has it. ${save.reason ?? ''}`
      };
    case 'refused':
      return {
        state,
        text: `Not accepted by the workspace: ${save.reason ?? 'no reason was given'}`,
        title: `Saved on the disk of this environment only. ${save.reason ?? ''}`
      };
    case 'conflict':
      return {
        state,
        text: `Conflict: your text is kept as ${basename(save.copy ?? '')}`,
        title: `Your text is kept in ${save.copy ?? ''}. ${save.reason ?? ''}`
      };
  }
}

/** What was ended and why, what is lost and what is not, and what to do. */
export function explain(kill: IKill): IExplanation {
  const limit = gigabytes(kill.limit);
  const isKernel = kill.what === 'kernel';
  const who = (name: string) =>
    kill.path
      ? `the kernel of ${name}`
      : isKernel
        ? 'a kernel without a notebook'
        : 'a program';
  const lost = isKernel
    ? 'Your files are safe; the variables of that kernel are lost.'
    : 'Your files are safe, and your kernels run on.';
  return {
    title: 'Out of memory',
    text: `Out of memory (limit ${limit}): ${who(shortened(basename(kill.path ?? '')))} was stopped. ${lost}`,
    body:
      `At ${clock(kill.at)} this environment reached its memory limit of ${limit}, and ${who(kill.path ?? '')} was stopped. ${lost} ` +
      'Work on less data at a time, delete variables that you no longer need, and shut down kernels that you do not use. ' +
      'If that is not enough, ask the operator for a larger size.'
  };
}

function gigabytes(bytes: number): string {
  const gigabytes = bytes / 1024 ** 3;
  return gigabytes >= 1
    ? `${Number(gigabytes.toFixed(1))} GB`
    : `${Math.round(bytes / 1024 ** 2)} MB`;
}

function shortened(name: string): string {
  return name.length > 30 ? `${name.slice(0, 15)}…${name.slice(-14)}` : name;
}

function clock(time: string, seconds = true): string {
  const options: Intl.DateTimeFormatOptions = {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23'
  };
  if (seconds) {
    options.second = '2-digit';
  }
  return new Date(time).toLocaleTimeString(undefined, options);
}

function brackets(reason: string | null): string {
  return reason ? ` (${reason})` : '';
}

/** A time with its day, where that is not today. */
export function moment(time: string): string {
  const at = new Date(time);
  const isToday = at.toDateString() === new Date().toDateString();
  return at.toLocaleString(undefined, {
    ...(isToday ? {} : { day: 'numeric', month: 'short' }),
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23'
  });
}

export function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
