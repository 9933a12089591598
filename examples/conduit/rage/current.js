'use strict';

const { CurrentAttributes } = require('rage-js');
const User = require('../models/user');

// The user travels into jobs by id and is loaded again there.
class Current extends CurrentAttributes {
  static serializers = {
    user: { dump: (user) => user.id, load: (id) => User.findById(id) },
  };
}

module.exports = Current;
