'use strict';

const fs = require('node:fs');
const path = require('node:path');
const Database = require('libsql');
const config = require('../config');

const db = new Database(config.database);

db.exec('PRAGMA busy_timeout = 5000');
db.exec('PRAGMA journal_mode = WAL');
db.exec('PRAGMA foreign_keys = ON');
db.exec(fs.readFileSync(path.join(__dirname, 'schema.sql'), 'utf8'));

module.exports = db;
