/** What is said of files that were asked for in the bucket. Pure. */

/** Notebooks travel by the edit folder, which has a lock and versions; the server refuses them with that sentence. */
export function isNotebook(path: string): boolean {
  return path.toLowerCase().endsWith('.ipynb');
}

export function describeCopied(paths: readonly string[]): string {
  return paths.length === 1
    ? `${paths[0].slice(paths[0].lastIndexOf('/') + 1)} is in the workspace's bucket.`
    : `${paths.length} files are in the workspace's bucket.`;
}
