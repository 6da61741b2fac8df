import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

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
