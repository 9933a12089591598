'use strict';

const rage = require('.');
const ApplicationConnection = require('./channels/application-connection');
const FeedChannel = require('./channels/feed-channel');
const ArticlesController = require('./controllers/articles-controller');
const CommentsController = require('./controllers/comments-controller');
const Current = require('./current');
const NotifyFollowers = require('./jobs/notify-followers');
const FeedBroadcaster = require('./subscribers/feed-broadcaster');
const FollowerNotifier = require('./subscribers/follower-notifier');

rage.register(
  Current,
  NotifyFollowers,
  FeedBroadcaster,
  FollowerNotifier,
  ApplicationConnection,
  FeedChannel,
);

rage.routes((r) => {
  r.scope('/api', (api) => {
    api.resources('articles', ArticlesController, { param: 'slug' }, (articles) => {
      articles.collection((collection) => collection.get('feed'));
      articles.member((member) => {
        member.post('favorite');
        member.delete('/favorite', [ArticlesController, 'unfavorite']);
      });
      articles.resources('comments', CommentsController);
    });
  });
});
