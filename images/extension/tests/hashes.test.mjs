/** Texts of this tab, and the answer of a save for the one question that follows it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { OwnTexts } from '../lib/hashes.js';

const SAVED = { path: 'a.ipynb', hash: 'abc', hash_algorithm: 'sha256' };
const nextTask = () => new Promise(resolve => setTimeout(resolve, 1));
const save = (texts, saved = SAVED) => texts.save('a.ipynb', async () => saved);

test('the question right after a save is answered by it', async () => {
  const texts = new OwnTexts();
  assert.equal(await save(texts), SAVED);
  await Promise.resolve();
  assert.equal(texts.take('a.ipynb'), SAVED);
});

test('the question after that is not', async () => {
  const texts = new OwnTexts();
  await save(texts);
  texts.take('a.ipynb');
  assert.equal(texts.take('a.ipynb'), undefined);
});

test('nor is one about another file', async () => {
  const texts = new OwnTexts();
  await save(texts);
  assert.equal(texts.take('b.ipynb'), undefined);
});

test('nor is one that comes later', async () => {
  const texts = new OwnTexts();
  await save(texts);
  await nextTask();
  assert.equal(texts.take('a.ipynb'), undefined);
});

test('a save whose answer has no hash answers nothing', async () => {
  const texts = new OwnTexts();
  await save(texts, { path: 'a.ipynb' });
  assert.equal(texts.take('a.ipynb'), undefined);
});

test('what was read and what was saved is from here, by file', async () => {
  const texts = new OwnTexts();
  texts.read('a.ipynb', 'first');
  await save(texts);
  assert.equal(await texts.has('a.ipynb', 'first'), true);
  assert.equal(await texts.has('a.ipynb', 'abc'), true);
  assert.equal(await texts.has('a.ipynb', 'of another'), false);
  assert.equal(await texts.has('a.ipynb', null), false);
  assert.equal(await texts.has('b.ipynb', 'abc'), false);
});

test('what was here long ago is not', async () => {
  const texts = new OwnTexts();
  for (const hash of ['1', '2', '3', '4', '5']) {
    texts.read('a.ipynb', hash);
  }
  assert.equal(await texts.has('a.ipynb', '1'), false);
  assert.equal(await texts.has('a.ipynb', '2'), true);
});

test('while a save is under way its answer is waited for', async () => {
  const texts = new OwnTexts();
  let answer;
  const saving = texts.save('a.ipynb', () => new Promise(resolve => (answer = resolve)));
  const found = texts.has('a.ipynb', 'abc');
  await nextTask();
  answer(SAVED);
  assert.equal(await found, true);
  await saving;
});

test('a save that fails is waited for too, and nothing is from here by it', async () => {
  const texts = new OwnTexts();
  const failed = assert.rejects(
    texts.save('a.ipynb', async () => {
      throw new Error('away');
    })
  );
  assert.equal(await texts.has('a.ipynb', 'abc'), false);
  await failed;
});
