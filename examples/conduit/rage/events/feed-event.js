'use strict';

// Whatever the live feed shows extends this; who subscribes to it hears of all of them.
class FeedEvent {}

module.exports = FeedEvent;
