export { convertKindFile, kindApiVersion, kindKind } from './convert.js'
