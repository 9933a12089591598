/**
 * Writes test/api/surface.txt: what users can name and call, one line each, from the types of the public entries.
 * What is marked @internal is left out. A changed line in a review is a changed promise.
 *
 *     node .ci/write-surface.mjs            writes the file
 *     node .ci/write-surface.mjs --print    prints what it should be and writes nothing
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'

const root = join(import.meta.dirname, '..')
const file = join(root, 'test/api/surface.txt')
const entries = {
  'rage-js': 'src/index.ts',
  'rage-js/testing': 'src/testing/index.ts',
  'rage-js/bullmq': 'adapters/bullmq/index.ts',
  'rage-js/pg-boss': 'adapters/pg-boss/index.ts',
  'rage-js/prometheus': 'adapters/prometheus/index.ts',
  'rage-js/opentelemetry': 'adapters/opentelemetry/index.ts',
  'rage-js/transactions': 'adapters/transactions/index.ts',
}

const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
const program = ts.createProgram(
  Object.values(entries).map((entry) => join(root, entry)),
  { ...options, noEmit: true },
)
const checker = program.getTypeChecker()
const text = `${Object.entries(entries).flatMap(linesOfEntry).join('\n')}\n`

if (process.argv.includes('--print')) process.stdout.write(text)
else {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

function linesOfEntry([name, path]) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(join(root, path)))
  const symbols = checker.getExportsOfModule(module).sort((a, b) => compare(a.name, b.name))
  return [`# ${name}`, ...symbols.flatMap((symbol) => linesOf(symbol)), '']
}

function linesOf(exported) {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
  if (isInternal(symbol)) return []
  const { name } = exported
  if (symbol.flags & ts.SymbolFlags.Class) {
    const statics = membersOf(checker.getTypeOfSymbol(symbol), `${name}::`).filter(
      (line) => !line.includes('::prototype'),
    )
    return [`class ${name}`, ...statics, ...membersOf(checker.getDeclaredTypeOfSymbol(symbol), `${name}.`)]
  }
  if (symbol.flags & ts.SymbolFlags.Interface)
    return [`interface ${name}`, ...membersOf(checker.getDeclaredTypeOfSymbol(symbol), `${name}.`)]
  if (symbol.flags & ts.SymbolFlags.TypeAlias)
    return [`type ${name} = ${show(checker.getDeclaredTypeOfSymbol(symbol), ts.TypeFormatFlags.InTypeAlias)}`]
  return [`${name}: ${show(checker.getTypeOfSymbol(symbol))}`]
}

/** Members that are declared here, not those of Error, Function or Node. */
function membersOf(type, prefix) {
  return type
    .getProperties()
    .filter((member) => isOurs(member) && !isInternal(member) && !isPrivate(member))
    .map((member) => {
      const optional = member.flags & ts.SymbolFlags.Optional ? '?' : ''
      return `  ${prefix}${nameOf(member)}${optional}: ${show(checker.getTypeOfSymbol(member))}`
    })
    .sort(compare)
}

/** Of a symbol such as Symbol.hasInstance the compiler's name ends in a number that any other file changes. */
function nameOf({ name }) {
  return name.replace(/^__@(\w+)@\d+$/, '[Symbol.$1]')
}

function isOurs(symbol) {
  return (symbol.declarations ?? []).some((at) => !at.getSourceFile().fileName.includes('node_modules'))
}

function isPrivate(symbol) {
  return (symbol.declarations ?? []).some(
    (at) =>
      (at.name !== undefined && ts.isPrivateIdentifier(at.name)) ||
      ts.getCombinedModifierFlags(at) & ts.ModifierFlags.Private,
  )
}

function isInternal(symbol) {
  return symbol.getJsDocTags(checker).some(({ name }) => name === 'internal')
}

function show(type, flags = 0) {
  const format = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.WriteArrowStyleSignature | flags
  return checker
    .typeToString(type, undefined, format)
    .replaceAll(/import\("[^"]*\/(?:src|node_modules)\/([^"]*)"\)/g, 'import("$1")')
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0
}
