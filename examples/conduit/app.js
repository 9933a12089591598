'use strict';

const path = require('node:path');
const cors = require('cors');
const express = require('express');
const morgan = require('morgan');
const config = require('./config');
const { errorHandler, notFound } = require('./middleware/error-handler');
const rage = require('./rage');
require('./rage/routes');
const routes = require('./routes');

const app = express();

app.disable('x-powered-by');
app.use(rage.context());
app.use(cors());
if (!config.isTest) {
  app.use(morgan('dev'));
}
app.use('/live', express.static(path.join(__dirname, 'public')));
app.use(express.json());

app.use(rage.mount());
app.use('/api', routes);

app.use(notFound);
app.use(errorHandler);

module.exports = app;
