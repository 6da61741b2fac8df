import { PageConfig } from '@jupyterlab/coreutils';

import { ILease } from './lease';
import { lockedPath } from './library';

/**
 * In which mode a notebook is open, by where it lies, and what is said of it. Pure, but for the name of the folder.
 */
export type Mode = 'edit' | 'playground' | 'drive' | 'outside';

export interface IModeWords {
  label: string;
  title: string;
}

export const MODE_WORDS: Record<Mode, IModeWords> = {
  edit: {
    label: 'Edit',
    title:
      'The notebook itself: what you save goes to the workspace, and others see it there.'
  },
  playground: {
    label: 'Playground',
    title:
      'A copy of your own to try things in. It stays on the disk of this environment.'
  },
  drive: {
    label: 'No lock',
    title:
      "The library's file itself: whoever else opens it may save it at the same time."
  },
  outside: {
    label: 'Not in the workspace',
    title:
      'A file on the disk of this environment. Save it as a new notebook to have it in the workspace.'
  }
};

/** Instead of those of `edit`, where this tab does not hold the notebook's lease; null where it does, or nobody knows. */
export function shutWords(lease: ILease): IModeWords | null {
  switch (lease.state) {
    case 'elsewhere':
      return { label: 'Read-only', title: whyElsewhere(lease) };
    case 'lost':
      return {
        label: 'Read-only',
        title:
          'This notebook went to another editor; this tab does not save it any more.'
      };
    default:
      return null;
  }
}

function whyElsewhere({ holder, reserved_for, reason }: ILease): string {
  if (holder || reserved_for || !reason) {
    return 'Somebody else edits this notebook; here it can be read.';
  }
  return reason;
}

/** The name of the workspace's folder; empty where this server belongs to no workspace. */
export function workspaceFolder(): string {
  return PageConfig.getOption('terraFolder');
}

/** Null where there is no workspace, and so nothing to tell apart. */
export function modeOf(path: string, folder = workspaceFolder()): Mode | null {
  if (!folder) {
    return null;
  }
  if (path.startsWith(`${folder}/playground/`)) {
    return 'playground';
  }
  if (lockedOf(path, folder)) {
    return 'drive';
  }
  return notebookOf(path, folder) ? 'edit' : 'outside';
}

/** Where a file on the drive is edited with a lock; null for what is none. */
export function lockedOf(
  path: string,
  folder = workspaceFolder()
): string | null {
  return lockedPath(path, PageConfig.getOption('terraDrive'), folder);
}

/** The notebook's path in the workspace, or null where Lab's path is no workspace notebook's. */
export function notebookOf(
  path: string,
  folder = workspaceFolder()
): string | null {
  const edit = `${folder}/edit/`;
  return folder && path.startsWith(edit) ? path.slice(edit.length) : null;
}

/** Under which name the text at Lab's path is offered to be saved in the workspace. */
export function proposedName(path: string, folder = workspaceFolder()): string {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/\.ipynb$/, '');
  return modeOf(path, folder) === 'outside' ? name : `${name} (my copy)`;
}
