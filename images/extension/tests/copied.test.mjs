/** What is said of files that were copied to the bucket. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { describeCopied, isNotebook } from '../lib/copied.js';

test('one file is named, several are counted', () => {
  assert.equal(
    describeCopied(['a/b.csv']),
    "b.csv is in the workspace's bucket."
  );
  assert.equal(
    describeCopied(['a', 'b']),
    "2 files are in the workspace's bucket."
  );
});

test('a notebook is known by its ending', () => {
  assert.deepEqual(['a.ipynb', 'A.IPYNB', 'a.ipynb.txt'].map(isNotebook), [
    true,
    true,
    false
  ]);
});
