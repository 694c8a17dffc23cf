"""GPAW_CONFIG for its build: parallel through Debian's Open MPI, libxc and OpenBLAS."""

mpi = True
compiler = "mpicc"
libraries = ["openblas", "xc"]
fftw = False
scalapack = False
