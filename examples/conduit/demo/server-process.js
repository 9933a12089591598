'use strict';

const { spawn } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');

const SERVER = path.join(__dirname, '..', 'server.js');

// The app in a process of its own, as it runs in production; its JSON log lines are kept.
class ServerProcess {
  constructor(env) {
    this.env = env;
    this.lines = [];
    this.generation = 0;
  }

  async start() {
    this.generation += 1;
    const generation = this.generation;
    const child = spawn(process.execPath, [SERVER], {
      env: { ...process.env, ...this.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.child = child;
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve(signal || `code ${code}`));
    });
    const ready = new Promise((resolve, reject) => {
      readline.createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.includes('is listening on')) resolve();
        const record = parse(line);
        if (record) this.lines.push({ ...record, generation });
      });
      this.ended.then((how) => reject(new Error(`the server ended before it listened (${how})`)));
    });
    await ready;
  }

  async end(signal) {
    this.child.kill(signal);
    return this.ended;
  }

  // Resolves with the first log line that matches, in at most `timeout` ms.
  async line(matches, what, timeout = 8000) {
    const deadline = Date.now() + timeout;
    for (;;) {
      const found = this.lines.find(matches);
      if (found) return found;
      if (Date.now() > deadline) throw new Error(`no log line: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function parse(line) {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

module.exports = ServerProcess;
