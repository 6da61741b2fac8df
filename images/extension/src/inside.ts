import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

/** What the server extension answers, as text; throws an error with its sentence where it refuses. */
export async function read(
  settings: ServerConnection.ISettings,
  what: string,
  asked: Record<string, string>
): Promise<string> {
  const url = URLExt.join(settings.baseUrl, 'terraspawner/api', what);
  const answer = await ServerConnection.makeRequest(
    `${url}?${new URLSearchParams(asked)}`,
    {},
    settings
  );
  if (!answer.ok) {
    throw await ServerConnection.ResponseError.create(answer);
  }
  return answer.text();
}

/** Ask the server extension; throws an error with its sentence where it refuses. */
export async function post<T>(
  settings: ServerConnection.ISettings,
  what: string,
  body: object
): Promise<T> {
  const answer = await ServerConnection.makeRequest(
    URLExt.join(settings.baseUrl, 'terraspawner/api', what),
    { method: 'POST', body: JSON.stringify(body) },
    settings
  );
  if (!answer.ok) {
    throw await ServerConnection.ResponseError.create(answer);
  }
  return (await answer.json()) as T;
}
