/**
 * Where the notebook of a library is edited with a lock, as Lab calls it, for the path that its file has on the drive;
 * null for any other path. Pure.
 */
export function lockedPath(
  path: string,
  drive: string,
  folder: string
): string | null {
  // drive / heading / library / path in it
  const [root, , library, ...rest] = path.split('/');
  return drive && root === drive && rest.length
    ? [folder, 'edit', library, ...rest].join('/')
    : null;
}
