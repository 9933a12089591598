/* Speaks the Action Cable protocol by hand, to show how little it is. */
(() => {
  const state = document.querySelector('#state');
  const feed = document.querySelector('#feed');
  const identifier = JSON.stringify({ channel: 'FeedChannel' });
  const sentences = {
    article: ({ article }) => `${article.author.username} published “${article.title}”`,
    comment: ({ comment, articleSlug }) => `${comment.author.username} commented on ${articleSlug}`,
  };

  function show(sentence) {
    const item = document.createElement('li');
    const time = document.createElement('time');
    time.textContent = new Date().toLocaleTimeString();
    item.append(time, sentence);
    feed.prepend(item);
  }

  function connect() {
    const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/cable`, 'actioncable-v1-json');
    const send = (message) => socket.send(JSON.stringify({ identifier, ...message }));
    socket.onclose = () => {
      state.textContent = 'reconnecting…';
      setTimeout(connect, 1000);
    };
    socket.onmessage = ({ data }) => {
      const { type, message } = JSON.parse(data);
      if (type === 'welcome') send({ command: 'subscribe' });
      if (type === 'confirm_subscription') state.textContent = 'connected';
      if (message && sentences[message.type]) show(sentences[message.type](message));
    };
  }

  connect();
})();
