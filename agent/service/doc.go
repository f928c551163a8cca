// Package service is what a service manager is told, and what the machine tells: watchdog, journal, clock, suspend.
package service
