"""What proves who somebody is: password hashes (argon2), signed tokens (PyJWT), their secret."""
