'use strict';

const { createRage } = require('rage-js');
const config = require('../config');

const rage = createRage({ storage: config.storage, logger: { level: config.logLevel } });

module.exports = rage;
