/** The text of a pollster file: for each meter the JavaScript of its `poll`. */
export function pollsterFile(polls: Readonly<Record<string, string>>): string {
  const pollsters = Object.entries(polls).map(
    ([meter, poll]) =>
      `{ meter: '${meter}', type: 'gauge', unit: '', number: 'int', needs: [], per: 'instance', description: 'd',
         poll: ${poll} }`,
  )
  return `export default { apiVersion: 1, pollsters: [${pollsters.join(',')}] }`
}
