'use strict';

const app = require('./app');
const config = require('./config');

const server = app.listen(config.port);

server.once('listening', () => {
  console.log(`Conduit is listening on http://localhost:${server.address().port}`);
});
