using System.Runtime.InteropServices;

namespace Tessera.Kernels.Vectors;

/// <summary>
/// A number of rows or of vectors that the compiler knows: kernels written for the largest tile lose the parts that a smaller one does not have.
/// The number is the size of the type in bytes. That is known while the compiler reads a method, so that it does not even read what is lost; a property would be known only
/// once it had been put in its place, with everything read and half compiled by then.
/// </summary>
internal interface ICount;

[StructLayout(LayoutKind.Sequential, Size = 1)]
internal readonly struct One : ICount;

[StructLayout(LayoutKind.Sequential, Size = 2)]
internal readonly struct Two : ICount;

[StructLayout(LayoutKind.Sequential, Size = 3)]
internal readonly struct Three : ICount;

[StructLayout(LayoutKind.Sequential, Size = 4)]
internal readonly struct Four : ICount;

[StructLayout(LayoutKind.Sequential, Size = 5)]
internal readonly struct Five : ICount;

[StructLayout(LayoutKind.Sequential, Size = 6)]
internal readonly struct Six : ICount;

[StructLayout(LayoutKind.Sequential, Size = 7)]
internal readonly struct Seven : ICount;

[StructLayout(LayoutKind.Sequential, Size = 8)]
internal readonly struct Eight : ICount;

[StructLayout(LayoutKind.Sequential, Size = 9)]
internal readonly struct Nine : ICount;

[StructLayout(LayoutKind.Sequential, Size = 12)]
internal readonly struct Twelve : ICount;
