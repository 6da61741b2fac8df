/** What counts as a person's input, and how often it is said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BEAT_EVERY, Beats, isHuman, isHumanInFrame } from '../lib/human.js';

const KEY = { isTrusted: true, type: 'keydown', key: 'a', repeat: false };

for (const [what, event, isVisible, is] of [
  ['a key', KEY, true, true],
  ['Enter, which runs a cell', { ...KEY, key: 'Enter' }, true, true],
  ['a click', { isTrusted: true, type: 'pointerdown' }, true, true],
  ['the wheel', { isTrusted: true, type: 'wheel' }, true, true],
  ['a key in a page that nobody sees', KEY, false, false],
  ['a key that a script made', { ...KEY, isTrusted: false }, true, false],
  ['a click that a script made', { isTrusted: false, type: 'pointerdown' }, true, false],
  ['Alt, of Alt+Tab', { ...KEY, key: 'Alt' }, true, false],
  ['Shift', { ...KEY, key: 'Shift' }, true, false],
  ['a key that something lies on', { ...KEY, repeat: true }, true, false]
]) {
  test(`${what} is ${is ? '' : 'no '}input of a person`, () => {
    assert.equal(isHuman(event, isVisible), is);
  });
}

const IN_FRAME = { isInFrame: true, isVisible: true, hasFocus: true, isUsed: true };

for (const [what, change, is] of [
  ['a press in a frame', {}, true],
  ['a frame that was given the focus by a script', { isUsed: false }, false],
  ['a press in the page itself', { isInFrame: false }, false],
  ['a frame in a page that nobody sees', { isVisible: false }, false],
  ['a frame whose person went to another program', { hasFocus: false }, false]
]) {
  test(`${what} is ${is ? '' : 'no '}input of a person in a frame`, () => {
    assert.equal(isHumanInFrame({ ...IN_FRAME, ...change }), is);
  });
}

function scene() {
  const said = [];
  const waits = [];
  let now = 100_000;
  const beats = new Beats(ago => said.push(ago), {
    now: () => now,
    later: (wait, act) => waits.push({ at: now + wait, act })
  });
  return {
    beats,
    said,
    waits,
    input: () => beats.happened(),
    pass: milliseconds => {
      now += milliseconds;
      for (const wait of waits.splice(0)) {
        (wait.at <= now ? wait.act : () => waits.push(wait))();
      }
    }
  };
}

test('the first input is said at once', () => {
  const { said, input } = scene();
  input();
  assert.deepEqual(said, [0]);
});

test('many inputs are said every 15 s, and how long ago the last one was', () => {
  const { said, waits, input, pass } = scene();
  input();
  for (let second = 1; second <= 10; second++) {
    pass(1000);
    input();
  }
  assert.equal(waits.length, 1);
  assert.deepEqual(said, [0]);
  pass(5000);
  assert.deepEqual(said, [0, 5]);
});

test('it is known how long ago somebody was here', () => {
  const { beats, input, pass } = scene();
  assert.equal(beats.age, Infinity);
  input();
  pass(4000);
  assert.equal(beats.age, 4);
});

test('nothing is said where nobody does anything', () => {
  const { said, waits, input, pass } = scene();
  input();
  pass(10 * BEAT_EVERY);
  assert.deepEqual(said, [0]);
  assert.equal(waits.length, 0);
  input();
  assert.deepEqual(said, [0, 0]);
});
