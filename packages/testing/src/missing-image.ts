/** An image that no host has. */
export const missingImage = 'localhost/knest/none:v0'
