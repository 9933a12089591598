'use strict';

const Article = require('../../models/article');
const articleView = require('../../views/article');
const FeedEvent = require('./feed-event');

class ArticlePublished extends FeedEvent {
  constructor(articleId) {
    super();
    this.articleId = articleId;
  }

  toFeed() {
    return {
      type: 'article',
      article: articleView(Article.findById(this.articleId), null, { withBody: false }),
    };
  }
}

module.exports = ArticlePublished;
