//! Inputs of every kind, whole and damaged: made byte by byte, compiled, from the example repositories, and real ones.

mod apt;
mod archives;
mod craft;
mod damage;
mod debs;
mod debuginfo;
mod debuginfod;
mod http;
mod packages;
mod plain;
mod real;
mod repository;
mod rich;
mod split_dwarf;
mod support;
mod tarball;
