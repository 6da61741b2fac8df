/** When the environment is stopped, in words, and which warnings are given. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  choices,
  describeKept,
  describeStop,
  describeWarning,
  duration,
  isPutOffByInput,
  Warnings
} from '../lib/outlook.js';

const HOUR = 3600;
const DAY = 24 * HOUR;
/** Lab cuts what is longer. */
const LONGEST_NOTICE = 140;

const stop = {
  act: 'freeze',
  name: 'idle',
  why: 'Idle for 6 min.',
  seconds: 1440,
  guards: []
};
const outlook = {
  is_known: true,
  next_stop: stop,
  warn: [600, 300, 60],
  cells: [],
  jobs: []
};
const next = changes => ({ ...outlook, next_stop: { ...stop, ...changes } });

for (const [seconds, words] of [
  [-3, '0 s'],
  [0, '0 s'],
  [0.2, '1 s'],
  [59, '59 s'],
  [59.5, '60 s'],
  [60, '1 min'],
  [61, '2 min'],
  [600, '10 min'],
  [599.2, '10 min'],
  [HOUR, '1 h'],
  [HOUR - 20, '1 h'],
  [HOUR + 1, '1 h 1 min'],
  [5 * HOUR + 300, '5 h 5 min'],
  [DAY, '24 h'],
  [2 * DAY, '2 days'],
  [9.9 * DAY, '9 days']
]) {
  test(`${seconds} s are "${words}"`, () => {
    assert.equal(duration(seconds), words);
  });
}

for (const [changes, left, text] of [
  [{}, 1440, 'Freezes in 24 min · idle'],
  [{ act: 'pause' }, 20, 'Pauses in 20 s · idle'],
  [{ act: 'destroy' }, HOUR, 'Is deleted in 1 h · idle'],
  [{ act: 'pause', name: 'busy-too-long' }, DAY, 'Pauses in 24 h · busy'],
  [{ act: 'pause', name: 'daily-stop' }, HOUR, 'Pauses in 1 h · daily stop'],
  [{ act: 'pause', name: 'a-rule-of-tomorrow' }, HOUR, 'Pauses in 1 h'],
  [{}, 0, 'Freezes now · idle'],
  [{ act: 'keep', seconds: null, name: '' }, null, 'No stop planned'],
  [{ act: 'alarm' }, 100, 'No stop planned'],
  [{ act: 'an-act-of-tomorrow' }, 100, 'No stop planned'],
  [{}, null, 'No stop planned']
]) {
  test(`the status bar says "${text}"`, () => {
    assert.equal(describeStop(next(changes), left)?.text, text);
  });
}

test('why stands in whole sentences, with what holds stops off', () => {
  const { title } = describeStop(next({ guards: ['kept alive until 14:00 UTC'] }), 60);
  assert.equal(title, 'Idle for 6 min. Kept alive until 14:00 UTC.');
});

test('nothing is shown where the service says nothing of stops', () => {
  assert.equal(describeStop({ ...outlook, next_stop: null }, null), null);
  assert.equal(describeStop({ ...outlook, next_stop: null, is_known: false }, null), null);
});

test('that nothing is known any more is said', () => {
  const words = describeStop({ ...outlook, is_known: false }, null);
  assert.equal(words.text, 'Next stop not known');
  assert.match(words.title, /does not answer/);
});

test('no warning is cut by Lab', () => {
  for (const act of ['freeze', 'pause', 'destroy']) {
    for (const name of ['idle', 'busy-too-long', 'too-old', 'daily-stop', 'budget', 'memory-short', '?']) {
      const words = describeWarning({ ...stop, act, name }, DAY - 60);
      assert.ok(words.length < LONGEST_NOTICE, words);
      assert.match(words, /^This environment .* in 23 h 59 min.*\.$/);
    }
  }
  assert.equal(describeWarning({ ...stop, act: 'keep' }, 60), '');
});

test('it is kept alive for hours, while cells run and while jobs live', () => {
  const offered = choices({
    ...outlook,
    cells: [{ kernel: 'k1', name: 'a.ipynb' }],
    jobs: [{ pid: 41, what: 'python train.py' }]
  });
  assert.deepEqual(offered.map(({ label, wish }) => [label, wish]), [
    ['1 h', { seconds: HOUR }],
    ['4 h', { seconds: 4 * HOUR }],
    ['12 h', { seconds: 12 * HOUR }],
    ['While the cell runs', { kernel: 'k1' }],
    ['While python train.py lives', { pid: 41 }]
  ]);
});

test('of many cells and jobs some are offered, by name', () => {
  const offered = choices({
    ...outlook,
    cells: ['a', 'b', 'c'].map(name => ({ kernel: name, name: `${name}.ipynb` })),
    jobs: [1, 2, 3].map(pid => ({ pid, what: 'x'.repeat(80) }))
  }).slice(3);
  assert.deepEqual(offered.map(({ label }) => label.slice(0, 18)), [
    'While a.ipynb runs', 'While b.ipynb runs', 'While xxxxxxxxxxxx', 'While xxxxxxxxxxxx'
  ]);
  assert.ok(offered.every(({ label }) => label.length < 50));
});

test('nothing is offered where it puts nothing off', () => {
  for (const changes of [{ act: 'keep' }, { act: 'alarm' }, { act: 'pause', name: 'busy-too-long' }]) {
    assert.deepEqual(choices(next(changes)), []);
  }
  assert.deepEqual(choices({ ...outlook, next_stop: null }), []);
});

test('what came of a wish is said', () => {
  assert.deepEqual(describeKept(next({ seconds: HOUR }), 200), {
    text: 'Kept alive: it freezes in 1 h (idle).',
    helps: true
  });
  assert.deepEqual(describeKept(next({ act: 'pause', name: 'too-old', seconds: 199 }), 200), {
    text: 'That puts this stop off no further: it pauses in 4 min (maximum age).',
    helps: false
  });
  assert.ok(describeKept(next({ act: 'keep', seconds: null }), 200).helps);
  assert.ok(describeKept({ ...outlook, next_stop: null }, 200).helps);
});

test('each warning is given once, and the nearest where several have come', () => {
  const warnings = new Warnings();
  const given = lefts => lefts.map(left => warnings.due(left, outlook.warn));
  assert.deepEqual(given([700, 601, 600, 599, 301, 300, 61, 60, 1, 0]), [
    null, null, 600, null, null, 300, null, 60, null, null
  ]);
  assert.ok(warnings.isGiven);
  assert.deepEqual(given([1800]), [null]);
  assert.ok(!warnings.isGiven);
  assert.deepEqual(given([200, 100]), [300, null]);
});

test('a stop that was put off a little is warned of anew, and an answer that differs by seconds is no other stop', () => {
  const warnings = new Warnings();
  const given = lefts => lefts.map(left => warnings.due(left, outlook.warn));
  assert.deepEqual(given([600, 604, 599]), [600, null, null]);
  assert.deepEqual(given([50, 400, 250]), [60, 600, 300]);
  assert.deepEqual(given([null, 250]), [null, 300]);
  assert.deepEqual([100, 10].map(left => new Warnings().due(left, [])), [null, null]);
});

test('who is at work is not warned of a stop that each key puts off', () => {
  assert.ok(isPutOffByInput(stop, 5));
  assert.ok(!isPutOffByInput(stop, 60));
  assert.ok(!isPutOffByInput(stop, Infinity));
  assert.ok(!isPutOffByInput({ ...stop, name: 'daily-stop' }, 5));
  assert.ok(!isPutOffByInput(null, 5));
  const warnings = new Warnings();
  const short = [600]; // as long as the idle time itself
  assert.deepEqual(
    [[598, true], [540, false], [530, false], [599, true], [540, false]].map(
      ([left, isMoot]) => warnings.due(left, short, isMoot)
    ),
    [null, 600, null, null, 600]
  );
});
