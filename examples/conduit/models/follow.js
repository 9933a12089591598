'use strict';

const db = require('../db');

const insert = db.prepare('INSERT OR IGNORE INTO follows (follower_id, followed_id) VALUES (?, ?)');
const remove = db.prepare('DELETE FROM follows WHERE follower_id = ? AND followed_id = ?');
const select = db.prepare('SELECT 1 AS found FROM follows WHERE follower_id = ? AND followed_id = ?');
const selectFollowers = db.prepare(
  'SELECT follower_id FROM follows WHERE followed_id = ? ORDER BY follower_id',
);

function add(followerId, followedId) {
  insert.run(followerId, followedId);
}

function destroy(followerId, followedId) {
  remove.run(followerId, followedId);
}

function exists(followerId, followedId) {
  return Boolean(select.get(followerId, followedId));
}

function followerIdsOf(userId) {
  return selectFollowers.all(userId).map((row) => row.follower_id);
}

module.exports = { add, destroy, exists, followerIdsOf };
