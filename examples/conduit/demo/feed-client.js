'use strict';

const WebSocket = require('ws');

// The official client expects a browser: these are the three things it asks for.
globalThis.document = { visibilityState: 'visible', addEventListener() {}, removeEventListener() {} };
globalThis.addEventListener ??= () => {};
globalThis.removeEventListener ??= () => {};

// Subscribes to the live feed with the official @rails/actioncable client and keeps what it hears.
async function openFeed(url) {
  const actionCable = require('@rails/actioncable');
  actionCable.adapters.WebSocket = WebSocket;
  const consumer = actionCable.createConsumer(url);
  const messages = [];
  let connects = 0;
  const subscription = consumer.subscriptions.create('FeedChannel', {
    connected() {
      connects += 1;
    },
    received(message) {
      messages.push(message);
    },
  });

  async function until(condition, what, timeout = 15000) {
    const deadline = Date.now() + timeout;
    for (;;) {
      const value = condition();
      if (value) return value;
      if (Date.now() > deadline) throw new Error(`the cable client waited in vain: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  await until(() => connects === 1, 'the first connection');
  return {
    messages,
    subscription,
    until,
    message: (matches, what) => until(() => messages.find(matches), what),
    reconnected: () => until(() => connects === 2, 'the reconnection'),
    close: () => consumer.disconnect(),
  };
}

module.exports = openFeed;
