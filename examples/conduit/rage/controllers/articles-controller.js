'use strict';

const errors = require('../../lib/errors');
const pagination = require('../../lib/pagination');
const v = require('../../lib/validate');
const Article = require('../../models/article');
const Favorite = require('../../models/favorite');
const articleView = require('../../views/article');
const ArticlePublished = require('../events/article-published');
const rage = require('..');
const ApplicationController = require('./application-controller');

const content = { title: v.text, description: v.text, body: v.text };
const newArticle = { ...content, tagList: v.optional(v.tagList) };
const articleChanges = v.optionalAll(newArticle);

class ArticlesController extends ApplicationController {
  static {
    this.beforeAction('loadArticle', { except: ['index', 'feed', 'create'] });
    this.beforeAction('loadUser', { only: ['index', 'show'] });
    this.beforeAction('requireUser', { except: ['index', 'show'] });
    this.beforeAction('requireAuthor', { only: ['update', 'destroy'] });
  }

  index() {
    return this.#list({
      tag: stringOnly(this.params.tag),
      author: stringOnly(this.params.author),
      favorited: stringOnly(this.params.favorited),
    });
  }

  feed() {
    return this.#list({ followedBy: this.currentUser.id });
  }

  show() {
    return this.#view(this.article);
  }

  async create() {
    const article = Article.create(this.currentUser.id, v.validate(this.params, 'article', newArticle));
    await rage.events.publish(new ArticlePublished(article.id));
    this.render({ json: this.#view(article), status: 'created' });
  }

  update() {
    return this.#view(Article.update(this.article, v.validate(this.params, 'article', articleChanges)));
  }

  destroy() {
    Article.destroy(this.article);
    this.head('no_content');
  }

  favorite() {
    Favorite.add(this.currentUser.id, this.article.id);
    return this.#view(this.article);
  }

  unfavorite() {
    Favorite.destroy(this.currentUser.id, this.article.id);
    return this.#view(this.article);
  }

  loadArticle() {
    this.article = Article.findBySlug(this.params.slug);
    if (!this.article) throw errors.notFound('article');
  }

  requireAuthor() {
    if (this.article.authorId !== this.currentUser.id) throw errors.forbidden('article');
  }

  #view(article) {
    return { article: articleView(article, this.currentUser) };
  }

  #list(filters) {
    const { articles, total } = Article.list(filters, pagination(this.req.query));
    return {
      articles: articles.map((article) => articleView(article, this.currentUser, { withBody: false })),
      articlesCount: total,
    };
  }
}

function stringOnly(value) {
  return typeof value === 'string' ? value : undefined;
}

module.exports = ArticlesController;
