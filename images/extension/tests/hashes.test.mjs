/** The answer of a save, for the one question that follows it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { JustSaved } from '../lib/hashes.js';

const SAVED = { path: 'a.ipynb', hash: 'abc', hash_algorithm: 'sha256' };
const nextTask = () => new Promise(resolve => setTimeout(resolve, 1));

test('the question right after a save is answered by it', async () => {
  const saved = new JustSaved();
  saved.keep('a.ipynb', SAVED);
  await Promise.resolve();
  assert.equal(saved.take('a.ipynb'), SAVED);
});

test('the question after that is not', () => {
  const saved = new JustSaved();
  saved.keep('a.ipynb', SAVED);
  saved.take('a.ipynb');
  assert.equal(saved.take('a.ipynb'), undefined);
});

test('nor is one about another file', () => {
  const saved = new JustSaved();
  saved.keep('a.ipynb', SAVED);
  assert.equal(saved.take('b.ipynb'), undefined);
});

test('nor is one that comes later', async () => {
  const saved = new JustSaved();
  saved.keep('a.ipynb', SAVED);
  await nextTask();
  assert.equal(saved.take('a.ipynb'), undefined);
});

test('a save whose answer has no hash answers nothing', () => {
  const saved = new JustSaved();
  saved.keep('a.ipynb', { path: 'a.ipynb' });
  assert.equal(saved.take('a.ipynb'), undefined);
});
