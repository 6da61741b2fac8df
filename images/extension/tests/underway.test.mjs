/** Saves under way, and the answer of the last one for the one question that follows it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { UnderWay } from '../lib/underway.js';

const SAVED = { path: 'a.ipynb', hash: 'abc', hash_algorithm: 'sha256' };
const nextTask = () => new Promise(resolve => setTimeout(resolve, 1));
const save = (saves, saved = SAVED) => saves.save('a.ipynb', async () => saved);

test('the question right after a save is answered by it', async () => {
  const saves = new UnderWay();
  assert.equal(await save(saves), SAVED);
  await Promise.resolve();
  assert.equal(saves.take('a.ipynb'), SAVED);
});

test('the question after that is not', async () => {
  const saves = new UnderWay();
  await save(saves);
  saves.take('a.ipynb');
  assert.equal(saves.take('a.ipynb'), undefined);
});

test('nor is one about another file', async () => {
  const saves = new UnderWay();
  await save(saves);
  assert.equal(saves.take('b.ipynb'), undefined);
});

test('nor is one that comes later', async () => {
  const saves = new UnderWay();
  await save(saves);
  await nextTask();
  assert.equal(saves.take('a.ipynb'), undefined);
});

test('a save whose answer has no hash answers nothing', async () => {
  const saves = new UnderWay();
  await save(saves, { path: 'a.ipynb' });
  assert.equal(saves.take('a.ipynb'), undefined);
});

test('who waits for the end of a save goes on once it is answered', async () => {
  const saves = new UnderWay();
  let answer;
  let hasEnded = false;
  const saving = saves.save('a.ipynb', () => new Promise(resolve => (answer = resolve)));
  const ended = saves.ended('a.ipynb').then(() => (hasEnded = true));
  await saves.ended('b.ipynb');
  await nextTask();
  assert.equal(hasEnded, false);
  answer(SAVED);
  await ended;
  await saving;
});

test('and once it has failed', async () => {
  const saves = new UnderWay();
  const failed = assert.rejects(
    saves.save('a.ipynb', async () => {
      throw new Error('away');
    })
  );
  await saves.ended('a.ipynb');
  await failed;
});
