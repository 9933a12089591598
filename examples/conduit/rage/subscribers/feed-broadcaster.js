'use strict';

const { Subscriber } = require('rage-js');
const FeedChannel = require('../channels/feed-channel');
const FeedEvent = require('../events/feed-event');

class FeedBroadcaster extends Subscriber {
  static on = [FeedEvent];

  call(event) {
    FeedChannel.broadcast('feed', event.toFeed());
  }
}

module.exports = FeedBroadcaster;
