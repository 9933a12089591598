/* Speaks the Action Cable protocol by hand, to show how little it is. */
(() => {
  const state = document.querySelector('#state');
  const feed = document.querySelector('#feed');
  const identifier = JSON.stringify({ channel: 'FeedChannel' });
  const sentences = {
    article: ({ article }) => `${article.author.username} published “${article.title}”`,
    comment: ({ comment, articleSlug }) => `${comment.author.username} commented on ${articleSlug}`,
  };

  function tell(message) {
    if (!sentences[message.type]) return;
    const item = document.createElement('li');
    const time = document.createElement('time');
    time.textContent = new Date((message.article || message.comment).createdAt).toLocaleTimeString();
    item.append(time, sentences[message.type](message));
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
      if (type === 'confirm_subscription') {
        state.textContent = 'connected';
        feed.replaceChildren();
        send({ command: 'message', data: JSON.stringify({ action: 'latest', limit: 10 }) });
      }
      if (message?.type === 'latest') {
        for (const article of message.articles.reverse()) tell({ type: 'article', article });
      } else if (message) {
        tell(message);
      }
    };
  }

  connect();
})();
