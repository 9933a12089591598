'use strict';

const { Subscriber } = require('rage-js');
const config = require('../../config');
const ArticlePublished = require('../events/article-published');
const NotifyFollowers = require('../jobs/notify-followers');

class FollowerNotifier extends Subscriber {
  static on = [ArticlePublished];

  call({ articleId }) {
    return NotifyFollowers.enqueue({ articleId }, { delay: config.notifyDelay });
  }
}

module.exports = FollowerNotifier;
