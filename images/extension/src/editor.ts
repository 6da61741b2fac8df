import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { DocumentRegistry, DocumentWidget } from '@jupyterlab/docregistry';

import { Bar, IBarWords } from './bar';
import { chooseWhatToKeep, describeCopy } from './choosing';
import {
  ACT_LABELS,
  describeLease,
  describeLoss,
  ILease,
  isInOtherTab,
  isShut,
  LeaseAct,
  MOVED_ON
} from './lease';
import { notebookOf } from './modes';
import { handOver, IRequestSurroundings, mayHandOver, Requests } from './requests';
import { Saves } from './saves';
import { SessionAct, TabSession } from './session';
import { Shutter } from './shut';

const SECONDS = 1000;

/** What an editor needs of the rest. */
export interface ISurroundings extends IRequestSurroundings {
  saves: Saves;
  /** The name of this person. */
  me: string;
  ways: Ways;
  /** Of the text of a file as it is there now. */
  hashOf: (path: string) => Promise<string | null | undefined>;
}

/** What does not go over the session; answers whether it was done. */
export type Ways = Record<
  'copy' | 'playground' | 'keep-in-playground' | 'preview',
  (context: DocumentRegistry.Context) => Promise<boolean>
>;

/**
 * One notebook in this tab, and who may change it: opens it for reading alone while somebody else edits it, says so in a
 * line, and answers who asks.
 */
export class Editor {
  constructor(
    panel: DocumentWidget,
    readonly context: DocumentRegistry.Context,
    private _around: ISurroundings
  ) {
    this._shutter = new Shutter(panel, context);
    this._requests = new Requests(context, _around, act => void this.do(act));
    panel.contentHeader.addWidget(this._bar);
    panel.disposed.connect(() => this.dispose());
    context.pathChanged.connect(this._onPath, this);
    context.model.stateChanged.connect(this._update, this);
    _around.session.changed.connect(this._onLease, this);
    _around.saves.changed.connect(this._onSaves, this);
    this._onPath();
  }

  get lease(): ILease | undefined {
    return this._path ? this._around.session.get(this._path) : undefined;
  }

  dispose(): void {
    this._requests.dispose();
    this._around.session.changed.disconnect(this._onLease, this);
    this._around.saves.changed.disconnect(this._onSaves, this);
    this.context.pathChanged.disconnect(this._onPath, this);
    this.context.model?.stateChanged.disconnect(this._update, this);
    if (this._path) {
      this._around.session.close(this._path);
    }
    this._path = '';
  }

  /** What can be done now, in the order of the line's buttons. */
  get acts(): LeaseAct[] {
    return this._described()?.acts ?? [];
  }

  async do(act: LeaseAct): Promise<void> {
    const { session, ways } = this._around;
    const user = this.lease?.asked_by[0];
    try {
      switch (act) {
        case 'ask':
          await session.act(this._path, 'ask');
          this._hasAsked = true;
          this._update();
          break;
        case 'hand-over':
          if (await mayHandOver(this.context)) {
            await handOver(this.context, session, user);
          }
          break;
        case 'decline':
          await session.act(this._path, 'decline', user);
          break;
        case 'take-here':
          this._isTaking = true;
          await session.act(this._path, act satisfies SessionAct);
          break;
        case 'reload':
          this._isTaking = true;
          await this._reload();
          break;
        case 'copy':
        case 'keep-in-playground':
          if ((await ways[act](this.context)) && (isShut(this.lease) || this._isBehind)) {
            await this._reload(); // one's own text is safe, so this can be the notebook again
          }
          break;
        case 'playground':
        case 'preview':
          await ways[act](this.context);
      }
    } catch (error) {
      await showDialog({
        title: `${ACT_LABELS[act].replace('…', '')}: not done`,
        body: (error as Error).message,
        buttons: [Dialog.okButton()]
      });
    }
  }

  private _onPath(): void {
    const { session } = this._around;
    const path = notebookOf(this.context.path) ? this.context.path : '';
    if (path === this._path) {
      return;
    }
    if (this._path) {
      session.close(this._path);
    }
    this._path = path;
    this._before = undefined;
    this._grant = null;
    if (path) {
      session.open(path);
    }
    this._shutter.set({ isShut: false, keepsChanges: false });
    this._update();
  }

  private _onLease(_: TabSession, path: string): void {
    const { lease } = this;
    if (path !== this._path || !lease) {
      return;
    }
    const before = this._before;
    this._before = lease;
    this._until =
      lease.seconds_left === null
        ? null
        : new Date(Date.now() + lease.seconds_left * SECONDS);
    this._shut(lease, before);
    if (lease.state === 'held') {
      void this._whenHeld(lease, before);
    }
    this._requests.tell(lease);
    this._update();
    if (lease.state === 'lost' && before && before.state !== 'lost' && !isInOtherTab(lease, this._around.me)) {
      void this._sayLost(lease);
    }
  }

  private _shut(lease: ILease, before: ILease | undefined): void {
    if (lease.state === 'unknown' && this._shutter.isShut) {
      return; // who could not save before does not begin to while nobody can be asked
    }
    const { model } = this.context;
    const hadHands = before !== undefined || this._around.input.age * SECONDS < this._age;
    const keepsChanges =
      lease.state === 'lost' ||
      (this._shutter.isShut ? model.dirty : model.dirty && hadHands);
    this._shutter.set({ isShut: isShut(lease), keepsChanges });
  }

  /** Given to this tab: what it shows must be what is there now. The hash says when it was given anew. */
  private async _whenHeld(lease: ILease, before: ILease | undefined): Promise<void> {
    const isGivenAnew = lease.hash !== null && lease.hash !== this._grant;
    this._grant = lease.hash;
    await this.context.ready;
    if (isGivenAnew) {
      try {
        await this._catchUp(lease.hash);
      } catch (error) {
        this._grant = null; // it is gone again; compared when it is back
        console.warn(`${this._path} was not compared with what is there.`, error);
      }
    }
    const isNews = isShut(before) && !this._isTaking;
    this._hasAsked = this._isTaking = false;
    if (isNews) {
      Notification.success(`You can edit “${this._name}” now.`, {
        autoClose: 5 * SECONDS
      });
    }
  }

  /** Show the text that is there, unless this tab's own came from it. */
  private async _catchUp(hash: string | null): Promise<void> {
    if (hash === this.context.contentsModel?.hash || (await this._isUpToDate())) {
      return;
    }
    if (!this.context.model.dirty) {
      await this.context.revert();
    } else {
      const { title, body } = MOVED_ON;
      this._isBehind = true;
      void this._choose(title, body, true);
    }
  }

  /** What was said of the text may be older than a save of this tab, or tell of one whose answer is still to come. */
  private async _isUpToDate(): Promise<boolean> {
    const { context, _path: path } = this;
    const { session, hashOf } = this._around;
    let shown, there;
    do {
      await session.saves.ended(path);
      shown = context.contentsModel?.hash;
      there = await hashOf(path);
      await session.saves.ended(path);
    } while (!context.isDisposed && shown !== context.contentsModel?.hash);
    return context.isDisposed || path !== this._path || shown === there;
  }

  private async _sayLost(lease: ILease): Promise<void> {
    await new Promise(resolve => setTimeout(resolve, SECONDS)); // the last save may be refused in this moment
    if (this.lease?.state !== 'lost') {
      return;
    }
    const { dirty } = this.context.model;
    const save = this._around.saves.get(this._path);
    const { title, body } = describeLoss(lease, {
      isDirty: dirty,
      me: this._around.me,
      save
    });
    if (!dirty && save?.state !== 'conflict') {
      Notification.warning(`${this._name}: ${body}`, { autoClose: false });
      return;
    }
    await this._choose(title, body, dirty);
  }

  private async _choose(title: string, body: string, isDirty: boolean): Promise<void> {
    const act = await chooseWhatToKeep(title, body, isDirty);
    if (act) {
      await this.do(act);
    }
  }

  private async _reload(): Promise<void> {
    await this.context.revert();
    this._isBehind = false;
    this._shutter.set({ isShut: this._shutter.isShut, keepsChanges: false });
    if (this.lease?.state === 'lost') {
      await this._around.session.act(this._path, 'retry');
    }
  }

  private _described(): ReturnType<typeof describeLease> {
    return this.lease
      ? describeLease(this.lease, {
          me: this._around.me,
          until: this._until,
          hasAsked: this._hasAsked,
          isDirty: this.context.model?.dirty ?? false
        })
      : null;
  }

  private _update(): void {
    const described = this._described();
    this._bar.tell(
      described
        ? {
            ...described.words,
            buttons: described.acts.map((act, index) => ({
              label: ACT_LABELS[act],
              act: () => void this.do(act),
              isPrimary: index === 0
            }))
          }
        : this._aboutCopy()
    );
  }

  private _aboutCopy(): IBarWords | null {
    const about = this._around.saves.get(this._path)?.about ?? '';
    const read = () => {
      this._read = about;
      this._update();
    };
    return about === this._read ? null : describeCopy(about, read);
  }

  private _onSaves(_: Saves, path: string): void {
    if (path === this._path || path === '') {
      this._update();
    }
  }

  private get _age(): number {
    return Date.now() - this._since;
  }

  private get _name(): string {
    return this._path.slice(this._path.lastIndexOf('/') + 1);
  }

  private _path = '';
  private _before: ILease | undefined;
  /** Is its text another than the one that the changes in this tab came from? */
  private _isBehind = false;
  private _grant: string | null = null;
  private _until: Date | null = null;
  private _hasAsked = false;
  private _isTaking = false; // what is given to this tab next, it took itself
  private _since = Date.now();
  private _read = '';
  private _bar = new Bar();
  private _shutter: Shutter;
  private _requests: Requests;
}
