package placement

// Place is place, for tests of what it finds in declarations of their own.
var Place = place
