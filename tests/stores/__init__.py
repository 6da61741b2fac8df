"""Object stores of the tests' own: real servers, on this machine alone, which go when the tests do."""
