'use strict';

const { Connection } = require('rage-js');
const token = require('../../lib/token');
const User = require('../../models/user');

// The feed is public; a token (`/cable?token=...`) adds the user's own notifications.
class ApplicationConnection extends Connection {
  static {
    this.identifiedBy('user');
  }

  user = null;

  connect() {
    const rawToken = this.params.get('token');
    if (!rawToken) return;

    const userId = token.userIdFrom(rawToken);
    this.user = userId ? User.findById(userId) : null;
    if (!this.user) this.reject();
  }
}

module.exports = ApplicationConnection;
