'use strict';

const { Task } = require('rage-js');
const Article = require('../../models/article');
const Follow = require('../../models/follow');
const Notification = require('../../models/notification');
const User = require('../../models/user');
const rage = require('..');
const FeedChannel = require('../channels/feed-channel');
const Current = require('../current');

class NotifyFollowers extends Task {
  perform({ articleId }) {
    const article = Article.findById(articleId);
    // Deleted in the meantime: nobody needs to hear of it.
    if (!article) return;

    const author = User.findById(article.authorId);
    const followerIds = Follow.followerIdsOf(author.id);
    followerIds.forEach((followerId) => {
      // Inserts nothing when the job runs a second time.
      Notification.articlePublished(followerId, article, author);
      FeedChannel.broadcastTo(`user-${followerId}`, { type: 'notification', articleSlug: article.slug });
    });
    rage.logger.info(
      { article: article.slug, followers: followerIds.length, publishedBy: Current.get('user')?.username },
      'followers notified',
    );
  }
}

module.exports = NotifyFollowers;
