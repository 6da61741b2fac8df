import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { ISignal, Signal } from '@lumino/signaling';

import { UnderWay } from './underway';
import { ILease, isShut } from './lease';
import { Presence } from './presence';

const SECONDS = 1000;
const LONGEST_PAUSE = 15 * SECONDS;

/** What is asked over the web socket; see `sessions.py`. */
export type SessionAct = 'ask' | 'decline' | 'hand-over' | 'take-here' | 'retry';

interface IMessage extends ILease {
  type: string;
  id: number;
  error: string;
  seconds: number;
}

interface IAnswer {
  resolve: () => void;
  reject: (error: Error) => void;
}

/**
 * This tab, as the server extension knows it: by a name that is made when the page is loaded, over one web socket.
 *
 * It says which workspace notebooks it shows, and hears how their leases stand. While the environment is away nothing is
 * tried; a connection that breaks otherwise is made again.
 */
export class TabSession {
  readonly name = `tab-${randomHex(12)}`;
  readonly saves = new UnderWay();

  /** Emitted with the path of the notebook whose lease is another. */
  get changed(): ISignal<this, string> {
    return this._changed;
  }

  /** How the lease of a notebook that is open here stands; undefined until that is known. */
  get(path: string): ILease | undefined {
    return this._leases.get(path);
  }

  /** May this tab not save the notebook? */
  isShut(path: string): boolean {
    return isShut(this.get(path));
  }

  /** `saveAll` saves what is changed in this tab, in so many seconds, and answers what could not be saved. */
  connect(
    settings: ServerConnection.ISettings,
    presence: Presence,
    saveAll: (seconds: number) => Promise<string[]>
  ): void {
    this._settings = settings;
    this._presence = presence;
    this._saveAll = saveAll;
    presence.changed.connect(() => this._connect());
    this._connect();
  }

  open(path: string): void {
    const count = this._shown.get(path) ?? 0;
    this._shown.set(path, count + 1);
    if (count === 0) {
      this._send({ type: 'open', path });
    }
  }

  close(path: string): void {
    const count = this._shown.get(path) ?? 0;
    if (count > 1) {
      this._shown.set(path, count - 1);
      return;
    }
    this._shown.delete(path);
    this._leases.delete(path);
    this._send({ type: 'close', path });
  }

  /** Throws an error with the reason where it was not done. */
  act(path: string, act: SessionAct, user?: string): Promise<void> {
    if (this._socket?.readyState !== WebSocket.OPEN) {
      return Promise.reject(
        new Error('The environment does not answer. Try again in a moment.')
      );
    }
    const id = ++this._last;
    return new Promise((resolve, reject) => {
      this._answers.set(id, { resolve, reject });
      this._send({ type: 'act', id, path, act, ...(user ? { user } : {}) });
    });
  }

  private _connect(): void {
    const settings = this._settings;
    if (!settings || this._socket || this._presence?.isLost) {
      return;
    }
    const token =
      settings.appendToken && settings.token
        ? `&token=${encodeURIComponent(settings.token)}`
        : '';
    const url = URLExt.join(settings.wsUrl, 'terraspawner/api/session');
    const socket = new settings.WebSocket(
      `${url}?session=${this.name}${token}`
    );
    this._socket = socket;
    socket.onopen = () => {
      this._pause = SECONDS;
      this._shown.forEach((_, path) => this._send({ type: 'open', path }));
    };
    socket.onmessage = event => this._hear(JSON.parse(event.data as string));
    socket.onclose = () => this._onClose();
  }

  private _onClose(): void {
    this._socket = null;
    const error = new Error('The connection broke. Try again.');
    this._answers.forEach(answer => answer.reject(error));
    this._answers.clear();
    setTimeout(() => this._connect(), this._pause);
    this._pause = Math.min(2 * this._pause, LONGEST_PAUSE);
  }

  private _hear(message: IMessage): void {
    if (message.type === 'settle') {
      void this._settle(message.id, message.seconds);
    } else if (message.type === 'done') {
      const answer = this._answers.get(message.id);
      this._answers.delete(message.id);
      if (message.error) {
        answer?.reject(new Error(message.error));
      } else {
        answer?.resolve();
      }
    } else if (message.type === 'lease' && this._shown.has(message.path)) {
      this._leases.set(message.path, message);
      this._changed.emit(message.path);
    }
  }

  /** The environment is about to end or to stand still. */
  private async _settle(id: number, seconds: number): Promise<void> {
    const unsaved = await this._saveAll(seconds);
    this._send({ type: 'settled', id, unsaved });
  }

  private _send(message: object): void {
    if (this._socket?.readyState === WebSocket.OPEN) {
      this._socket.send(JSON.stringify(message));
    }
  }

  private _settings: ServerConnection.ISettings | null = null;
  private _presence: Presence | null = null;
  private _saveAll: (seconds: number) => Promise<string[]> = async () => [];
  private _socket: WebSocket | null = null;
  private _pause = SECONDS;
  private _shown = new Map<string, number>();
  private _leases = new Map<string, ILease>();
  private _answers = new Map<number, IAnswer>();
  private _last = 0;
  private _changed = new Signal<this, string>(this);
}

function randomHex(bytes: number): string {
  return [...crypto.getRandomValues(new Uint8Array(bytes))]
    .map(byte => byte.toString(16).padStart(2, '0'))
    .join('');
}
