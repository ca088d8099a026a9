import js from '@eslint/js'
import tseslint from 'typescript-eslint'

/**
 * Which rooms of src/ a room may import. Data flows config → schedule → discover → inspect → poll → sample →
 * publish; an import against the stream is an error. A new arrow is a decision record.
 */
const rooms = {
  config: [],
  schedule: [],
  sample: ['schedule'],
  inspector: ['schedule', 'sample'],
  discovery: ['inspector', 'sample'],
  pollster: ['schedule', 'discovery', 'inspector', 'sample'],
  publish: ['schedule', 'sample'],
  polling: ['config', 'schedule', 'discovery', 'inspector', 'pollster', 'sample', 'publish'],
  observe: [],
}

const roomRule = ([room, allowed]) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          ...[...Object.keys(rooms), 'agents', 'cli']
            .filter((other) => other !== room && !allowed.includes(other))
            .map((other) => ({
              group: [`../${other}/**`, `../../${other}/**`],
              message: `${room}/ must not import ${other}/`,
            })),
          ...(room === 'inspector'
            ? []
            : [{ group: ['#node-libvirt'], message: 'only inspector/libvirt loads the binding' }]),
        ],
      },
    ],
  },
})

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'bundle/',
      'native/build/',
      'native/prebuilds/',
      'coverage/',
      '.lab/',
      'test/fixtures/',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    ignores: ['**/*.d.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
      'max-params': 'off',
      '@typescript-eslint/max-params': ['error', { max: 4 }],
    },
  },
  ...Object.entries(rooms).map(roomRule),
  {
    files: ['pollsters/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(?!virtpoll/pollster$)',
              message: 'a pollster file imports virtpoll/pollster and nothing else',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: { 'max-lines-per-function': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['**/*.js'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', Buffer: 'readonly', URL: 'readonly' },
    },
  },
)
