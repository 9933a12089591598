/** The singular of a resource's name, as far as its ending tells; `singular:` says it where this is wrong. */

const irregular: Readonly<Record<string, string>> = {
  children: 'child',
  media: 'media',
  men: 'man',
  movies: 'movie',
  news: 'news',
  people: 'person',
  series: 'series',
  women: 'woman',
}

export function singularOf(plural: string): string {
  const [, before, last] = /^(.*[_-])?([^_-]*)$/.exec(plural) as unknown as [
    string,
    string | undefined,
    string,
  ]
  return (before ?? '') + (irregular[last] ?? byEnding(last))
}

function byEnding(word: string): string {
  if (/[^aeiou]ies$/.test(word)) return `${word.slice(0, -3)}y`
  if (/(ss|sh|ch|x|alias|status|virus|bus)es$/.test(word)) return word.slice(0, -2)
  return /[^su]s$/.test(word) && !word.endsWith('is') ? word.slice(0, -1) : word
}
