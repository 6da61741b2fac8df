import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { IAbsence } from './absence';
import {
  EnvironmentService,
  EnvironmentState,
  renewToken,
  Sight,
  workspacePage
} from './environment';
import { HumanInput } from './input';
import { Reunion } from './reunion';

const SECONDS = 1000;
const SOON = 1 * SECONDS;
const CALM = 10 * SECONDS;
const PATIENCE = 15 * SECONDS;
const OK = 200;
/** What the Hub answers in place of a server that does not run. */
const NOT_RUNNING = 424;

/** What of Lab the presence of the environment touches. */
export interface ILab {
  /** While it is false Lab's own polls and its autosave rest. */
  connection: { isConnected: boolean };
  settings: ServerConnection.ISettings;
  environment: EnvironmentService;
  reunion: Reunion;
  input: HumanInput;
}

type Answer = Exclude<Sight, { kind: 'refused' }>;

const KINDS: Record<EnvironmentState, IAbsence['kind']> = {
  none: 'deleted',
  creating: 'starting',
  starting: 'starting',
  running: 'unreached',
  freezing: 'freezing',
  frozen: 'frozen',
  pausing: 'pausing',
  paused: 'paused',
  updating: 'starting',
  deleting: 'deleted'
};

/** The same, where a start was asked for and has not begun. */
const ASKED: Partial<typeof KINDS> = {
  none: 'starting',
  frozen: 'waking',
  paused: 'starting'
};

/** Nothing changes by itself soon: this tab looks now and then only. */
const RESTING = ['frozen', 'paused', 'deleted', 'stopped', 'signed-out'];

/**
 * Whether the environment answers, and if not, why, and what becomes of it.
 *
 * From the first request that fails until the environment answers again, this alone asks: the service for the state, and
 * the environment where the state says that it should answer. Looking never starts anything. A frozen one is woken by
 * human input, for its variables live and it is back at once. A paused one is not: to resume it costs money and half a
 * minute, its variables are gone anyway, and whoever types a last word into a notebook has not asked for that; so there
 * is a button.
 */
export class Presence {
  /** Emitted when the environment is lost or back, or its absence is another. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isLost(): boolean {
    return this._isLost;
  }

  /** Why it does not answer; null while it does, and until that is known. */
  get absence(): IAbsence | null {
    return this._absence;
  }

  /** Emitted with the path of a document whose save was given up because the environment is away. */
  get givenUp(): ISignal<this, string> {
    return this._givenUp;
  }

  giveUp(path: string): void {
    this._givenUp.emit(path);
  }

  watch(lab: ILab): void {
    this._lab = lab;
    lab.input.happened.connect(() => {
      const mayAsk = Date.now() - this._refusedAt > CALM;
      if (this._absence?.kind === 'frozen' && mayAsk) {
        void this.start();
      }
    });
    this._givenUp.connect((_, path) => lab.reunion.tellUnsaved(path));
    window.addEventListener('online', () => this.retry());
  }

  /** This tab leaves the environment on purpose: what fails from now on is no loss. */
  leave(): void {
    this._isLeaving = true;
  }

  /** It does not leave after all. */
  stay(): void {
    this._isLeaving = false;
  }

  /** A request did not reach the environment. */
  lose(): void {
    if (this._isLost || this._isLeaving || !this._lab) {
      return;
    }
    this._isLost = true;
    this._lostAt = new Date();
    this._lab.connection.isConnected = false;
    this._lab.reunion.remember();
    this._changed.emit();
    void this._poll.start();
  }

  retry(): void {
    if (this._isLost) {
      void this._poll.refresh();
    }
  }

  /** Wake or resume the environment. */
  async start(): Promise<void> {
    const before = this._absence;
    if (!this._lab || !before || this._isStarting) {
      return;
    }
    this._isStarting = true;
    const kind = before.kind === 'frozen' ? 'waking' : 'starting';
    this._show({ kind, since: new Date(), reason: '' });
    const sight = await this._lab.environment.start();
    this._isStarting = false;
    if (sight.kind === 'refused') {
      this._refusedAt = Date.now();
      this._show({ ...before, reason: sight.reason });
      return;
    }
    await this._follow(sight);
    this.retry();
  }

  /** Sign in again, here where that is possible, else on the workspace's page. */
  async renew(): Promise<void> {
    if (this._lab && (await renewToken(this._lab.settings))) {
      this.retry();
    } else {
      window.open(this._signInPage, '_blank', 'noopener');
    }
  }

  private async _look(): Promise<void> {
    if (this._lab && this._isLost && !this._isStarting) {
      const sight = await this._lab.environment.look();
      if (sight.kind !== 'refused') {
        await this._follow(sight);
      }
    }
  }

  /** Act on what the service said, and say it. */
  private async _follow(sight: Answer): Promise<void> {
    const mayAnswer = sight.kind !== 'seen' || sight.state === 'running';
    const status = mayAnswer ? await this._ask() : NOT_RUNNING;
    if (status === OK) {
      await this._restore();
      return;
    }
    if (this._isLost && !this._isStarting) {
      this._show(this._absenceOf(sight, status));
      this._wakeForEarlierInput(sight);
    }
  }

  private _absenceOf(sight: Answer, status: number): IAbsence {
    const since = this._lostAt;
    if (isRefused(status)) {
      this._signInPage = URLExt.join(this._lab!.settings.baseUrl, 'lab');
      return { kind: 'signed-out', since, reason: '' };
    }
    this._signInPage = workspacePage();
    if (sight.kind === 'signed-out') {
      // a token can end with a restart of the Hub, while the person is signed in as before
      const kind = status === NOT_RUNNING ? 'stopped' : 'signed-out';
      return { kind, since, reason: '' };
    }
    if (sight.kind === 'unreached') {
      return { kind: 'offline', since, reason: '' };
    }
    const kind = (sight.isAsked && ASKED[sight.state]) || KINDS[sight.state];
    return {
      kind,
      since: kind === 'unreached' ? since : sight.since ?? since,
      reason: kind === 'paused' || kind === 'frozen' ? sight.reason : ''
    };
  }

  /** Who typed after the freeze, before this tab knew of it, meant the environment. */
  private _wakeForEarlierInput(sight: Sight): void {
    const isFrozen = sight.kind === 'seen' && sight.state === 'frozen';
    if (isFrozen && this._lab && this._lab.input.age < sight.seconds) {
      void this.start();
    }
  }

  /** What the environment answers this page. With a token that has ended it is asked once more with a new one. */
  private async _ask(): Promise<number> {
    const { settings } = this._lab!;
    const status = await statusOf(settings);
    return isRefused(status) && (await renewToken(settings))
      ? statusOf(settings)
      : status;
  }

  private async _restore(): Promise<void> {
    if (!this._lab || !this._isLost) {
      return;
    }
    this._isLost = false;
    this._lab.connection.isConnected = true;
    await this._poll.stop();
    // said until all is connected: a cell that is run before would be lost
    const returning = { kind: 'returning', since: new Date(), reason: '' } as const;
    this._show(returning);
    await Promise.race([this._lab.reunion.reunite(), after(PATIENCE)]);
    if (this._absence === returning) {
      this._absence = null;
      this._changed.emit();
    }
  }

  private _show(absence: IAbsence): void {
    this._absence = absence;
    const interval = RESTING.includes(absence.kind) ? CALM : SOON;
    if (this._poll.frequency.interval !== interval) {
      this._poll.frequency = { ...this._poll.frequency, interval };
    }
    this._changed.emit();
  }

  private _lab: ILab | null = null;
  private _isLost = false;
  private _isLeaving = false;
  private _isStarting = false;
  private _lostAt = new Date();
  private _absence: IAbsence | null = null;
  private _signInPage = '';
  private _refusedAt = -Infinity;
  private _changed = new Signal<this, void>(this);
  private _givenUp = new Signal<this, string>(this);
  private _poll = new Poll({
    auto: false,
    name: '@terraspawner/environment:presence',
    factory: () => this._look(),
    frequency: { interval: SOON, backoff: false, max: CALM },
    standby: 'when-hidden'
  });
}

function isRefused(status: number): boolean {
  return status === 401 || status === 403;
}

function after(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}

/**
 * What the environment answers to a small question; 0 where it does not answer.
 *
 * Asked with the browser's cookie, as web sockets do, and without the token: after a resume the server knows the token
 * and no longer the cookie, and kernels would stay away.
 */
async function statusOf(settings: ServerConnection.ISettings): Promise<number> {
  const url = URLExt.join(settings.baseUrl, 'api/status');
  const signal = AbortSignal.timeout(PATIENCE);
  const byCookie = { ...settings, token: '' };
  try {
    return (await ServerConnection.makeRequest(url, { signal }, byCookie))
      .status;
  } catch {
    return 0;
  }
}
