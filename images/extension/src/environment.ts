import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

const SECONDS = 1000;
const PATIENCE = 15 * SECONDS;

/** The states of the service that this tab tells apart; it may know more. */
export type EnvironmentState =
  | 'none'
  | 'creating'
  | 'starting'
  | 'running'
  | 'freezing'
  | 'frozen'
  | 'pausing'
  | 'paused'
  | 'updating'
  | 'deleting';

/** What was learned by asking the service once. */
export type Sight =
  | {
      kind: 'seen';
      state: EnvironmentState;
      since: Date | null;
      /** For how many seconds it has been in this state, by the service's own clock. */
      seconds: number;
      reason: string;
      isAsked: boolean;
    }
  | { kind: 'signed-out' }
  | { kind: 'unreached' }
  | { kind: 'refused'; reason: string };

interface IEnvironmentOut {
  state: EnvironmentState;
  since: string | null;
  reason: string;
  is_start_requested: boolean;
}

/**
 * The workspaces service as this page may use it: the state of its own environment, and its start.
 *
 * With the page's OAuth token alone; the browser's own sign-in at the service is left out on purpose, so that a script in
 * this page finds nothing here that it could borrow.
 */
export class EnvironmentService {
  constructor(private _settings: ServerConnection.ISettings) {
    this._url = PageConfig.getOption('terraEnvironment');
  }

  /** Is there a service at all, or is this a plain Jupyter server? */
  get isKnown(): boolean {
    return this._url !== '';
  }

  async look(): Promise<Sight> {
    return this._ask('', 'GET');
  }

  /** Ask for a start: wakes a frozen one, resumes a paused one. */
  start(): Promise<Sight> {
    return this._ask('/start', 'POST');
  }

  private async _ask(path: string, method: string): Promise<Sight> {
    let answer: Response;
    try {
      answer = await fetch(this._url + path, {
        method,
        cache: 'no-store',
        credentials: 'omit',
        headers: { Authorization: `token ${this._settings.token}` },
        signal: AbortSignal.timeout(PATIENCE)
      });
      if (answer.ok) {
        return seen(await answer.json(), answer.headers.get('Date'));
      }
    } catch {
      return { kind: 'unreached' };
    }
    if (answer.status === 401 || answer.status === 403) {
      return { kind: 'signed-out' };
    }
    return method === 'GET'
      ? { kind: 'unreached' }
      : { kind: 'refused', reason: await sentenceOf(answer) };
  }

  private _url: string;
}

/** The address of the workspace's page; empty where this server belongs to no workspace. */
export function workspacePage(): string {
  return PageConfig.getOption('terraWorkspacePage');
}

/**
 * Get a new token for this page, as a reload would, and keep what is in it.
 *
 * The page is fetched once more: where the browser is still signed in, the Hub's OAuth runs silently on the way, sets the
 * server's cookie, and the page comes with a token. Across domains a browser does not follow the Hub there; then it works
 * once the server was opened in another tab.
 */
export async function renewToken(
  settings: ServerConnection.ISettings
): Promise<boolean> {
  try {
    const answer = await fetch(URLExt.join(settings.baseUrl, 'lab'), {
      cache: 'no-store',
      credentials: 'same-origin',
      signal: AbortSignal.timeout(PATIENCE)
    });
    const page = new DOMParser().parseFromString(
      await answer.text(),
      'text/html'
    );
    const config = page.getElementById('jupyter-config-data')?.textContent;
    const token = config ? (JSON.parse(config).token as string) : '';
    if (!answer.ok || !token) {
      return false;
    }
    PageConfig.setOption('token', token);
    (settings as { token: string }).token = token;
    return true;
  } catch {
    return false;
  }
}

function seen(out: IEnvironmentOut, date: string | null): Sight {
  const since = out.since ? new Date(out.since) : null;
  const now = date ? new Date(date) : new Date();
  return {
    kind: 'seen',
    state: out.state,
    since,
    seconds: since ? (now.getTime() - since.getTime()) / SECONDS : 0,
    reason: out.reason,
    isAsked: out.is_start_requested
  };
}

async function sentenceOf(answer: Response): Promise<string> {
  try {
    return (await answer.json()).error.message as string;
  } catch {
    return `The service answered ${answer.status}.`;
  }
}
