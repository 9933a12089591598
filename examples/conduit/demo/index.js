'use strict';

// The main job, end to end: both stacks in one process, a crash in the middle, nothing lost.
// `npm run demo` plays it and exits 0 only if everything held; `npm run demo -- --serve` keeps the app running.

const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const openFeed = require('./feed-client');
const ServerProcess = require('./server-process');
const Session = require('./session');
const timeline = require('./timeline');

const NOTIFY_DELAY_SECONDS = 2;
const ARTICLES_BEFORE_CRASH = 5;

async function main() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'conduit-demo-'));
  const isServing = process.argv.includes('--serve');
  const port = Number(process.env.PORT) || (await freePort());
  const server = new ServerProcess({
    NODE_ENV: 'production',
    PORT: String(port),
    CONDUIT_DB: path.join(folder, 'conduit.db'),
    CONDUIT_STORAGE: path.join(folder, 'storage'),
    CONDUIT_LOG_LEVEL: 'debug',
    CONDUIT_NOTIFY_DELAY: String(isServing ? 0 : NOTIFY_DELAY_SECONDS),
  });
  const release = () => {
    server.child?.kill('SIGKILL');
    fs.rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', release);
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));

  await server.start();
  const url = `http://127.0.0.1:${port}`;
  if (isServing) return serve(server, url);

  timeline.process(`pid ${server.child.pid} serves Express and Rage on ${url}`);
  await play(server, url);
  conclude();
}

async function play(server, url) {
  const alice = new Session(server, url, 'alice');
  const bob = new Session(server, url, 'bob');

  timeline.chapter('Both stacks in one process');
  await alice.register();
  await bob.register();
  const followed = await bob.send('POST', '/api/profiles/alice/follow');
  const feed = await openFeed(`${url.replace('http', 'ws')}/cable?token=${bob.token}`);
  timeline.cable('bob listens with the official @rails/actioncable client');
  timeline.check('profiles are still answered by Express', followed.stack === 'express');

  await oneRequest(server, alice, bob, feed);
  await bothStacksAgree(alice, bob);
  await crash(server, alice, bob, feed);
  feed.close();
  await goodbye(server);
}

async function oneRequest(server, alice, bob, feed) {
  timeline.chapter('One request: controller, event, broadcast and job under one id');
  const published = await alice.publish('How to prune roses');
  const { slug } = published.body.article;
  timeline.check(
    'the article was created by a Rage controller',
    published.status === 201 && published.stack === 'rage',
  );
  await feed.message((m) => m.type === 'article' && m.article.slug === slug, 'the article');
  timeline.cable(`bob sees "${slug}" at once`);

  feed.subscription.perform('latest', { limit: 1 });
  const latest = await feed.message((m) => m.type === 'latest', 'the latest articles');
  timeline.check('an action called over the cable answers', latest.articles[0].slug === slug);

  timeline.job(`followers are notified ${NOTIFY_DELAY_SECONDS} s later, by a job`);
  await feed.message((m) => m.type === 'notification' && m.articleSlug === slug, 'the notification');
  const { body } = await bob.send('GET', '/api/notifications');
  timeline.check('the job wrote what Express reads', body.notifications[0]?.articleSlug === slug);

  await server.line(
    (line) => line.requestId === published.requestId && line.msg === 'job finished',
    'the end of the job',
  );
  const trail = server.lines.filter(({ requestId }) => requestId === published.requestId);
  for (const line of trail) {
    const { stream, task, publishedBy } = line;
    timeline.log(`${published.requestId.padEnd(8)} ${line.msg}${detail({ stream, task, publishedBy })}`);
  }
  const said = new Set(trail.map(({ msg }) => msg));
  timeline.check(
    `request, broadcasts and job carry the id ${published.requestId}`,
    ['request completed', 'cable broadcast', 'job enqueued', 'followers notified'].every((msg) =>
      said.has(msg),
    ),
  );
  timeline.check(
    'Current.user travelled into the job',
    trail.some(({ msg, publishedBy }) => msg === 'followers notified' && publishedBy === 'alice'),
  );
}

async function bothStacksAgree(alice, bob) {
  timeline.chapter('Moved and unmoved routes work on the same data');
  const { body: list } = await bob.send('GET', '/api/articles?author=alice');
  const { slug } = list.articles[0];
  await bob.send('POST', `/api/articles/${slug}/favorite`);
  await bob.send('POST', `/api/articles/${slug}/comments`, { comment: { body: 'Thank you!' } });
  const tags = await bob.send('GET', '/api/tags');
  timeline.check(
    'a tag set through Rage is listed by Express',
    tags.stack === 'express' && tags.body.tags.includes('demo'),
  );
  const forbidden = await bob.send('DELETE', `/api/articles/${slug}`);
  timeline.check(
    'an error in a controller is answered by the error middleware of the app',
    forbidden.status === 403 && forbidden.stack === 'rage' && 'errors' in forbidden.body,
  );
  const invalid = await alice.send('POST', '/api/articles', { article: { title: '' } });
  timeline.check('invalid input answers 422', invalid.status === 422);
}

async function crash(server, alice, bob, feed) {
  timeline.chapter('kill -9 while jobs are waiting');
  const published = [];
  for (let n = 1; n <= ARTICLES_BEFORE_CRASH; n++) published.push(await alice.publish(`Article ${n}`));
  const waiting = published.filter(
    ({ requestId }) =>
      !server.lines.some((line) => line.requestId === requestId && line.msg === 'followers notified'),
  );
  timeline.job(`${waiting.length} jobs are acknowledged and have not run`);
  timeline.process(`pid ${server.child.pid} ended by ${await server.end('SIGKILL')}`);
  timeline.check('all of the jobs were still waiting', waiting.length === ARTICLES_BEFORE_CRASH);

  await server.start();
  timeline.process(`pid ${server.child.pid} starts on the same files`);
  for (const { requestId } of published) {
    const line = await server.line(
      (entry) =>
        entry.requestId === requestId && entry.msg === 'followers notified' && entry.generation === 2,
      `the job of ${requestId}`,
    );
    timeline.job(`${requestId.padEnd(8)} ran after the restart, published by ${line.publishedBy}`);
  }
  await feed.reconnected();
  timeline.cable('the client has reconnected by itself');
  const { body } = await bob.send('GET', '/api/notifications');
  timeline.check(
    `each of the ${ARTICLES_BEFORE_CRASH} jobs ran: bob has a notification for every article, once`,
    body.notifications.length === ARTICLES_BEFORE_CRASH + 1 &&
      published.every(({ body: { article } }) =>
        body.notifications.some(({ articleSlug }) => articleSlug === article.slug),
      ),
  );
}

async function goodbye(server) {
  timeline.chapter('SIGTERM');
  const how = await server.end('SIGTERM');
  timeline.process(`ended by ${how}`);
  timeline.check(
    'the process drained before it ended',
    how === 'SIGTERM' &&
      server.lines.some(({ msg, generation }) => msg === 'rage has drained' && generation === 2),
  );
}

function conclude() {
  const { failures } = timeline;
  console.log(failures === 0 ? '\nEverything held.' : `\n${failures} of the claims above did not hold.`);
  process.exit(failures === 0 ? 0 : 1);
}

async function serve(server, url) {
  const alice = new Session(server, url, 'alice');
  await alice.register();
  await alice.publish('Welcome to Conduit');
  console.log(`
Conduit runs on ${url} until you press Ctrl-C. Try:

  ${url}/live/            the live feed, in a browser
  ${url}/api/articles     answered by Rage
  ${url}/api/tags         answered by Express

Publish something and watch the live feed:

  curl ${url}/api/articles -H 'Content-Type: application/json' \\
    -H 'Authorization: Token ${alice.token}' \\
    -d '{"article":{"title":"Hello","description":"d","body":"b"}}'
`);
}

function detail(fields) {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  return known.length === 0 ? '' : ` (${known.map(([name, value]) => `${name} ${value}`).join(', ')})`;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

main().catch((err) => {
  console.error(err);
  process.exit(1);
});
