'use strict';

const { Controller } = require('rage-js');
const auth = require('../../middleware/auth');
const Current = require('../current');

class ApplicationController extends Controller {
  get currentUser() {
    return this.req.user;
  }

  requireUser() {
    return this.#authenticate(auth.required);
  }

  loadUser() {
    return this.#authenticate(auth.optional);
  }

  // The middleware of the Express routes, so that both stacks accept the same tokens.
  #authenticate(middleware) {
    middleware(this.req, this.res, (err) => {
      if (err) throw err;
      if (this.currentUser) Current.set({ user: this.currentUser });
    });
  }
}

module.exports = ApplicationController;
