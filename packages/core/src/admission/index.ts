export { admissionProblems } from './admission-problems.js'
