'use strict';

const { Channel } = require('rage-js');
const Article = require('../../models/article');
const articleView = require('../../views/article');

class FeedChannel extends Channel {
  subscribed() {
    this.streamFrom('feed');
    if (this.connection.user) this.streamFor(`user-${this.connection.user.id}`);
  }

  // Called by the client: `subscription.perform('latest', { limit: 3 })`.
  latest({ limit = 5 }) {
    const count = Math.min(Math.max(Number(limit) || 0, 1), 20);
    const { articles } = Article.list({}, { limit: count, offset: 0 });
    this.transmit({
      type: 'latest',
      articles: articles.map((article) => articleView(article, this.connection.user, { withBody: false })),
    });
  }
}

module.exports = FeedChannel;
