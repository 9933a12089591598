'use strict';

const { styleText } = require('node:util');

const started = Date.now();
let failures = 0;

function paint(style, text) {
  return process.stdout.isTTY ? styleText(style, text) : text;
}

function say(kind, style, text) {
  const seconds = ((Date.now() - started) / 1000).toFixed(2).padStart(6);
  console.log(`${paint('gray', `${seconds}s`)}  ${paint(style, kind.padEnd(9))} ${text}`);
}

const timeline = {
  chapter: (title) => console.log(`\n${paint('bold', title)}`),
  express: (text) => say('express', 'yellow', text),
  rage: (text) => say('rage', 'cyan', text),
  cable: (text) => say('cable', 'magenta', text),
  job: (text) => say('job', 'blue', text),
  log: (text) => say('log', 'gray', text),
  process: (text) => say('process', 'red', text),

  // Every claim of the demo goes through here; one that does not hold makes it fail.
  check(text, holds) {
    if (!holds) failures += 1;
    say(holds ? 'ok' : 'FAILED', holds ? 'green' : 'red', text);
  },

  get failures() {
    return failures;
  },
};

module.exports = timeline;
