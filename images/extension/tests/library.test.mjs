/** Where the file of a library on the drive is edited with a lock. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { lockedPath } from '../lib/library.js';

test("a library's file is edited below the name that its library has on the drive", () => {
  const path = 'drive/Shared with me/Survey (ana)/deep/a.ipynb';
  assert.equal(
    lockedPath(path, 'drive', 'desk'),
    'desk/edit/Survey (ana)/deep/a.ipynb'
  );
});

test('nothing else is', () => {
  const others = [
    'drive/Shared with me/a.ipynb',
    'drive/a.ipynb',
    'desk/edit/Survey (ana)/a.ipynb',
    'driver/x/y/a.ipynb'
  ];
  for (const path of others) {
    assert.equal(lockedPath(path, 'drive', 'desk'), null);
  }
  assert.equal(lockedPath('drive/x/y/a.ipynb', '', 'desk'), null);
});
