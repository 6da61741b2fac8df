/**
 * What comes next for this environment, in words: pure functions of what the server extension says (`activity.py`), so
 * that the words stand in one place and are tested by themselves.
 */

/** `keep`: nothing comes. */
export type StopAct = 'keep' | 'freeze' | 'pause' | 'destroy' | 'alarm';

export interface INextStop {
  act: StopAct;
  /** Of the rule. There may be more than this tab knows. */
  name: string;
  /** A sentence with the numbers. */
  why: string;
  /** Until then; null where nothing is planned. */
  seconds: number | null;
  /** What holds stops off. */
  guards: string[];
}

export interface IOutlook {
  /** Does the service answer now? */
  is_known: boolean;
  /** Null where the service says nothing of stops. */
  next_stop: INextStop | null;
  /** So many seconds before a stop its person is told. */
  warn: number[];
  /** Kernels that compute, and other work: what it can be kept alive for. */
  cells: { kernel: string; name: string }[];
  jobs: { pid: number; what: string }[];
}

export type Wish = { seconds: number } | { pid: number } | { kernel: string };

export interface IChoice {
  label: string;
  caption: string;
  wish: Wish;
}

export interface ICountdownWords {
  /** Short, for the status bar. */
  text: string;
  /** Whole sentences. */
  title: string;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const KEPT_HOURS = [1, 4, 12];
const MOST_OFFERED = 2;
const LONGEST_NAME = 32;
/** So many seconds after an input a person is taken to be here. */
const HERE = 60;
/** Seconds by which two answers may differ for the same stop. */
const SLACK = 30;

const WILL: Record<StopAct, { verb: string; means: string } | null> = {
  keep: null,
  freeze: { verb: 'freezes', means: 'Variables stay.' },
  pause: {
    verb: 'pauses',
    means: 'Files stay, variables are lost.'
  },
  destroy: {
    verb: 'is deleted',
    means: 'Only what is in the workspace stays.'
  },
  alarm: null
};

/** Which rule, shortly, and as a sentence goes on after a colon. */
const RULES: Record<string, { short: string; long: string }> = {
  idle: {
    short: 'idle',
    long: 'nobody has typed or clicked, and nothing computes.'
  },
  'busy-too-long': {
    short: 'busy',
    long: 'it has computed for as long as it may.'
  },
  'too-old': { short: 'maximum age', long: 'it has run for as long as it may.' },
  'daily-stop': { short: 'daily stop', long: 'it is time for its daily stop.' },
  budget: { short: 'budget', long: 'the budget is used up.' },
  'memory-short': { short: 'memory is short', long: 'memory is short here.' }
};

/** A keep-alive does not put them off. */
const NOT_PUT_OFF = ['busy-too-long', 'memory-short', 'budget'];

/** "1 h 5 min", "40 s"; begun minutes count, so that ten minutes before is "10 min". */
export function duration(seconds: number): string {
  if (seconds < MINUTE) {
    return `${Math.max(0, Math.ceil(seconds))} s`;
  }
  const minutes = Math.ceil(seconds / MINUTE);
  if (seconds >= 2 * DAY) {
    return `${Math.floor(seconds / DAY)} days`;
  }
  const hours = Math.floor(minutes / MINUTE);
  const rest = minutes % MINUTE;
  return [hours && `${hours} h`, rest && `${rest} min`]
    .filter(part => part)
    .join(' ');
}

/** What the status bar says; null where there is nothing to say. `left`: the seconds until the stop by now. */
export function describeStop(
  { is_known, next_stop }: IOutlook,
  left: number | null
): ICountdownWords | null {
  if (!next_stop) {
    return null;
  }
  if (!is_known) {
    return {
      text: 'Next stop not known',
      title:
        'The workspace does not answer, so it is not known when this environment is stopped. What computes goes on.'
    };
  }
  const { name, why, guards } = next_stop;
  const will = WILL[next_stop.act];
  const title = [why, ...guards.map(sentence)].filter(part => part).join(' ');
  if (!will || left === null) {
    return { text: 'No stop planned', title };
  }
  const rule = RULES[name] ? ` · ${RULES[name].short}` : '';
  return { text: `${capital(will.verb)} ${when(left)}${rule}`, title };
}

/** What is said at a warning, in less than the 140 letters that Lab shows. */
export function describeWarning(
  { act, name }: INextStop,
  left: number
): string {
  const will = WILL[act];
  if (!will) {
    return '';
  }
  const long = RULES[name] ? `: ${RULES[name].long}` : '.';
  return `This environment ${will.verb} ${when(left)}${long} ${will.means}`;
}

/** Is a stop no matter for who was here so many seconds ago? Each input puts it off, by ten minutes or by hours. */
export function isPutOffByInput(
  stop: INextStop | null | undefined,
  secondsAgo: number
): boolean {
  return stop?.name === 'idle' && secondsAgo < HERE;
}

/** What is said once a wish was granted; `before`: the seconds that were left. */
export function describeKept(
  { next_stop }: IOutlook,
  before: number | null
): { text: string; helps: boolean } {
  const will = next_stop && WILL[next_stop.act];
  const left = next_stop?.seconds ?? null;
  if (!next_stop || !will || left === null) {
    return { text: 'Kept alive. No stop is planned.', helps: true };
  }
  const rule = RULES[next_stop.name];
  const then = `${will.verb} ${when(left)}${rule ? ` (${rule.short})` : ''}`;
  const helps = before === null || left > before + 1;
  return helps
    ? { text: `Kept alive: it ${then}.`, helps }
    : { text: `That puts this stop off no further: it ${then}.`, helps };
}

/** For what it can be kept alive now; the shortest first. */
export function choices({ next_stop, cells, jobs }: IOutlook): IChoice[] {
  if (
    !next_stop ||
    !WILL[next_stop.act] ||
    NOT_PUT_OFF.includes(next_stop.name)
  ) {
    return [];
  }
  return [
    ...KEPT_HOURS.map(hours => ({
      label: `${hours} h`,
      caption: `Keep alive for ${hours} ${hours > 1 ? 'hours' : 'hour'}`,
      wish: { seconds: hours * HOUR }
    })),
    ...cells.slice(0, MOST_OFFERED).map(({ kernel, name }) => ({
      label: cells.length > 1 ? `While ${cut(name)} runs` : 'While the cell runs',
      caption: `Keep alive while the cell in ${name} runs`,
      wish: { kernel }
    })),
    ...jobs.slice(0, MOST_OFFERED).map(({ pid, what }) => ({
      label: `While ${cut(what)} lives`,
      caption: `Keep alive while ${what} lives`,
      wish: { pid }
    }))
  ];
}

/** Which warnings were given before a stop, so that each is given once. A stop that was put off is warned of anew. */
export class Warnings {
  /**
   * The warning that is due now, in seconds before the stop; null where there is none, or it was given. `isMoot`: what
   * is going on puts the stop off by itself.
   */
  due(
    left: number | null,
    warn: readonly number[],
    isMoot = false
  ): number | null {
    const isPutOff =
      this._given !== null && left !== null && left > this._given + SLACK;
    if (left === null || isMoot || isPutOff) {
      this._given = null;
    }
    if (isMoot) {
      return null;
    }
    const reached = warn.filter(each => left !== null && left <= each);
    const nearest = Math.min(...reached, this._given ?? Infinity);
    if (nearest === (this._given ?? Infinity)) {
      return null;
    }
    this._given = nearest;
    return nearest;
  }

  /** Is a stop near of which was told? */
  get isGiven(): boolean {
    return this._given !== null;
  }

  private _given: number | null = null;
}

function when(left: number): string {
  return left > 0 ? `in ${duration(left)}` : 'now';
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function sentence(text: string): string {
  return `${capital(text)}${text.endsWith('.') ? '' : '.'}`;
}

function cut(name: string): string {
  return name.length > LONGEST_NAME
    ? `${name.slice(0, LONGEST_NAME - 1)}…`
    : name;
}
