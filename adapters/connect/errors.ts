/** Errors of Express's API where there is no Express. */
import { defineError } from '../../src/kernel'

/** A setting of Express was given a value that it does not have there either. */
export class UnknownSettingValueError extends defineError('RAGE_CONNECT_SETTING', {
  what: (f: { setting: string; given: unknown; expected: string }) =>
    `There is an unknown value for the setting "${f.setting}": ${JSON.stringify(f.given)}.`,
  fix: (f) => `Use ${f.expected}.`,
}) {}

/** `res.render` met a view for which there is no engine: none was registered, and no module of its extension's name is one. */
export class NoViewEngineError extends defineError('RAGE_CONNECT_NO_VIEW_ENGINE', {
  what: (f: { view: string; reason: string }) => `The view "${f.view}" cannot be rendered: ${f.reason}.`,
  fix: 'Register an engine with rage.engine("html", render), or install one; the setting "view engine" names the default.',
}) {}

/** `res.render` found no file for a view. */
export class ViewNotFoundError extends defineError('RAGE_CONNECT_VIEW_NOT_FOUND', {
  what: (f: { view: string; folders: string }) => `The view "${f.view}" is not in ${f.folders}.`,
  fix: 'Correct its name, or the setting "views" (connect.settings of createRage).',
}) {}

/** `res.format` has nothing that the client accepts. */
export class NotAcceptableError extends defineError('RAGE_CONNECT_NOT_ACCEPTABLE', {
  status: 406,
  what: (f: { types: readonly string[] }) => `The answer is available as ${f.types.join(', ')} only.`,
  fix: 'Ask for one of these in the Accept header.',
}) {
  readonly statusCode = 406
  readonly expose = true
  get types(): readonly string[] {
    return this.facts.types
  }
}
