/**
 * Writes the option tables of the migration guide from the doc comments of the options interfaces: name, default
 * (`@defaultValue`) and what it means, unit and range included. A page asks for a table by its markers:
 *
 *     <!-- options: DeferredOptions deferred -->   ...   <!-- end -->
 *
 * where the second word, if any, is put in front of the names.
 *
 *     node .ci/write-option-tables.mjs            writes the tables
 *     node .ci/write-option-tables.mjs --check    exits with 1 and names the pages that differ
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const root = join(import.meta.dirname, '..')
const guide = join(root, 'migration-guide')
const interfaces = new Map(optionFiles().flatMap(interfacesIn))
const marked = /(<!-- options: (\w+)(?: ([\w.]+))? -->\n)[\s\S]*?(<!-- end -->)/g

const differing = []
for (const name of readdirSync(guide).filter((file) => file.endsWith('.md'))) {
  const page = join(guide, name)
  const text = readFileSync(page, 'utf8')
  const renewed = text.replace(
    marked,
    (_, begin, type, prefix, end) => `${begin}\n${table(type, prefix)}\n${end}`,
  )
  if (renewed === text) continue
  differing.push(name)
  if (!process.argv.includes('--check')) writeFileSync(page, renewed)
}
if (process.argv.includes('--check') && differing.length > 0) {
  console.error(`The option tables of ${differing.join(', ')} differ: run node .ci/write-option-tables.mjs`)
  process.exit(1)
}

function optionFiles() {
  return ['src', 'adapters'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((file) => file.endsWith('options.ts'))
      .map((file) => join(folder, file)),
  )
}

/** `[name, rows]` for each exported interface of the file. */
function interfacesIn(file) {
  const text = readFileSync(join(root, file), 'utf8')
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  return source.statements
    .filter((node) => ts.isInterfaceDeclaration(node))
    .map((node) => [node.name.text, node.members.filter((member) => ts.isPropertySignature(member)).map(row)])
}

function row(member) {
  const standard = ts.getJSDocTags(member).find((tag) => tag.tagName.text === 'defaultValue')
  const [doc] = ts.getJSDocCommentsAndTags(member)
  return {
    name: member.name.text,
    standard: standard === undefined ? null : oneLine(standard.comment),
    meaning: oneLine(doc?.comment),
  }
}

function oneLine(comment) {
  return (ts.getTextOfJSDocComment(comment) ?? '').replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').trim()
}

/** Groups, which have no default of their own, are tables of their own. */
function table(type, prefix) {
  const rows = interfaces.get(type)
  if (rows === undefined) throw new Error(`no interface ${type} in any options.ts below src/ or adapters/`)
  const lines = rows
    .filter(({ standard }) => standard !== null)
    .map(
      ({ name, standard, meaning }) =>
        `| \`${prefix === undefined ? '' : `${prefix}.`}${name}\` | ${standard} | ${meaning} |`,
    )
  return ['| option | default | meaning |', '| --- | --- | --- |', ...lines, ''].join('\n')
}
