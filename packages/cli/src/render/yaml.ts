/** In a module of its own so that only who prints YAML loads the library. */
export { yamlText } from 'knest/manifests'
